"""Frames added for kinds of prompts that the first ones lacked: guides in steps, several demands in one sentence, weighing, longer roles."""

FACTUAL = """
Give me the phone number of the town hall of {place}.
Give me the rules about overtime in {place}.
Give me the laws on fishing in {place}.
Discuss consumer protection laws and their effect on shops. Compare those of {place} and {place}.
Discuss {topic} and their impact on society, with some cases.
Make a list of things one can do in {place} when it rains.
Make a list of sports for cold weather.
Explain it like I'm five: where does money come from?
Explain this to me like I am five.\\n\\nQuestion: how do people make money with {topic}?
What is the process of {topic}?
Explain the process by which bread dough rises.
Explain the significance of {person} for [science|art|politics|music].
Explain the main differences between {concept} and {concept}.
Explain the role of {topic} in the economy.
Explain the concept of {concept} and where it is used.
Explain what {concept} means and give an example from daily life.
Explain how a nuclear reactor produces electricity.
Explain how the human eye sees colour.
Explain the function of the kidneys.
Describe the causes and the consequences of the Black Death.
Describe the major events in the life of {person}.
Describe the function of white blood cells.
Describe how a steam engine works.
Describe the geography of {place}.
Describe the relationship between {topic} and {topic}.
What were the main causes of the American Civil War?
What were the main effects of {topic} on Europe?
What was the purpose of the Berlin airlift?
What is the function of the pituitary gland?
What is the significance of the year {year} in the history of {place}?
What is the main ingredient of {food}?
What is the primary purpose of an operating system?
What is the theory of {topic} about?
What is the currency of {place}, and since when?
What are the three branches of government?
What are the main exports of {place}?
What are the layers of the atmosphere?
What are the common uses of {topic}?
Which element has the atomic number 26?
Which gas do plants take in?
Which ocean is the largest?
Who composed the opera Aida?
Who invented the light bulb?
Who was the leader of the Soviet Union in 1941?
How does {concept} affect prices?
How does the immune system recognise a virus?
How does the moon cause tides?
How did {topic} change over the centuries?
How is cheese made from milk?
When was {place} founded?
When did humans first reach the South Pole?
Where is the Great Barrier Reef?
Why did Britain leave the European Union?
Why do we have time zones?
Why does the moon have phases?
Why is {person} famous?
Why is the Dead Sea so salty?
Tell me the story of how {topic} came to Europe.
Tell me who painted The Starry Night.
Tell me what causes migraines.
Give me the names of the four largest islands of Japan.
Give a description of the digestive system.
State the capital and the largest city of {place}.
Provide a short biography of {person}.
Provide an explanation of how {topic} work.
"""

REASONING = """
Imagine you are standing in a queue of {big} people and {small} leave from behind you. What is your place from the front?
Imagine you are on a train at {big} km/h and a bird flies beside you at {small}0. How fast is it seen from the window?
Imagine you are in a dark room with one match, a candle and an oven. What do you light first?
Imagine you are holding {n} cards and swap {small} of them. How many are new?
Imagine you are running a lap of {big} m and have done a third. How far is it to the end?
Imagine you are playing a game with {small} coins and you may take one or two. How do you win?
Imagine you have {big} {unit} and must share them among {n} friends. What is left?
Imagine you have to choose between two jars, one of which may hold more red {unit}. Which do you take?
Imagine you are offered ${big} now or a coin toss for twice as much. What is rational?
Imagine you are told that one of three cups is empty and the first two are the same. What can you conclude?
Suppose you are in a lift that falls freely, and you drop {thing}. What do you see, and why?
Suppose you are on a ladder at the middle step, go up {small}, down {n} and up 3. How many steps are above you?
Suppose you have {n} weights and need to weigh {big} kg. Which do you take?
You are standing at the north pole and walk in a straight line. In which direction do you go?
You are told that {name} is not older than {name}. What do you know?
You are given three numbers, {small}, {n} and {big}. Which one does not fit and why?
You are given two cubes, one of twice the side. How many times as heavy is it?
You are choosing between two phones of ${big}0 and ${big}5. Which costs less over {small} years with a plan of ${n} a month?
You walk {small} km south, {n} km east and {small} km north. How far are you from the start?
You can see three signs, of which only one is true. Where is the treasure?
Here is a {code} function. Does it handle an empty list? Explain.\\n\\ndef first(xs):\\n    return xs[0]
Here is some code that should count to {n}. Why does it stop too early?\\n\\nfor i in range(1, {n}): print(i)
Can you find the bug in the code below?\\n\\n```\\nwhile (x = {small}) {{ x--; }}\\n```
Can you spot the error in this loop?\\n\\nfor (int i = 0; i <= n; i++) sum += a[i];
Is there anything wrong with this query? SELECT name FROM users GROUP BY age
What does the following {code} program output?\\n\\n```\\nint a = {small}; a += a++; print(a);\\n```
What is the output of this code?\\n\\nfunction f(n) {{ return n < 2 ? n : f(n-1) + f(n-2); }} f({small})
What will the page look like with this markup?\\n\\n<b>one</b><i>two</i>
What value does x have at the end?\\n\\nx = {n}\\nif x > {small}: x = x - {small}\\nelse: x = 0
Why does this test fail?\\n\\nassert 0.1 + 0.2 == 0.3
Should cities ban cars from their centres? Weigh the arguments and come to a conclusion.
Should a company of {big} people work from home? Reason through the costs and the gains.
Should {name} tell the truth to {name} although it will hurt? Reason about it.
Is it ethical to lie in order to protect a friend? Explain your reasoning.
Is it better to learn one language well or three a little? Argue and decide.
Is it fair that {name}, who worked {small} hours, gets as much as {name}, who worked {n}? Why or why not?
Is a hot dog a sandwich? Argue from a definition.
Evaluate whether a shop should raise prices by {small}% if it would lose {n}% of its customers.
Evaluate the argument that {topic} do more harm than good.
Evaluate the strengths and weaknesses of this reasoning: taxes fell and growth rose, so lower taxes cause growth.
Analyze how a rise of the minimum wage would affect small shops and their workers.
Analyze why a bank might fail even though most of its loans are sound.
Analyze the situation and find the likeliest cause: the server is slow only on Mondays.
Analyze the ethical dilemma: a self-driving car must choose between its passenger and {n} people on the road.
Assess whether it is wise to pay off debts at {small}% before saving at {n}%.
Argue for and against a basic income, then say which side is stronger.
Compare two strategies, saving {big} a month or investing {big}0 at once, and decide which is better after ten years.
Compare walking and driving for a trip of {small} km when parking takes {big} minutes. Which is faster?
What would be the impact on {place} if tourists stopped coming?
What would be the effect of removing all {topic} from the food chain?
What would likely happen if two companies with the same product cut their prices again and again?
What would you conclude if two witnesses disagree but both were seen at the place?
What would you do first if a patient, a fire and a flood need you at the same moment, and why?
What is the logical flaw in saying that since no one has seen it, it cannot exist?
What is the best strategy in a game in which you choose a number and the one closest to two thirds of the average wins?
What is the most efficient way to cross a bridge for four people with one lamp who need 1, 2, 5 and {n} minutes?
What conclusion follows if every {job} here owns {thing} and {name} owns none?
What patterns do you notice in 3, 9, 27, 81, and what is the tenth term?
What are the possible reasons why sales dropped after the price fell? Think it through.
What factors should {name} weigh when choosing between two flats, and which would you take: near work at ${big}0 or far at half of it?
How would you determine which of two coins is false without a balance?
How would you divide {big} {unit} among three heirs so that the first gets half, the second a third and the last a ninth?
How would traffic change if every light in the city turned green for {small} minutes?
How can {name} be both the uncle and the nephew of {name}?
How can you tell which of three identical twins is lying with two questions?
How could a detective prove that the letter was written after the fire?
How does raising the price by {small}% change the income if sales fall by {n}%?
How many {unit} could you carry if each weighs {small} kg and you can lift {big}?
How many more {unit} does {name} need to fill {n} boxes of {small}?
How likely is it that it rains on both days if the chance is {big}0% and the days are independent?
Why might a country with much oil stay poor? Reason about causes and effects.
Why would a rational person buy insurance although it loses money on average?
Why does adding a road sometimes make traffic slower?
Why is the following claim inconsistent: all of my rules have exceptions?
Why would the temperature in a room rise if the door of its refrigerator is left open?
If everyone in a room shakes hands with everyone else and there are {big} handshakes, how many people are there?
If {name} is twice as fast as {name} and starts {small} minutes later, when will they meet?
If a tree falls and nobody hears it, does it make a sound? Give a reasoned answer.
If you could only keep one of your two jobs, one safe and one well paid, how would you decide? Lay out the logic.
If a plane crashes on the border of two countries, where do they bury the survivors?
If a clock strikes six in five seconds, how long does it take to strike twelve?
If the red house is made of red bricks and the blue house of blue bricks, what is the green house made of?
If some A are B and all B are C, must some A be C?
If the battery of a phone lasts {big} hours at half brightness, and full brightness uses twice the power, how long will it last?
If {name} finishes a puzzle in {small} hours and {name} in {n}, how long do they need together?
A store sells {unit} at ${small} each or {n} for ${big}. Which is cheaper for {big} {unit}?
A farmer has {big} animals, chickens and cows, with {big}0 legs in all. How many of each?
A car travels {big} miles in {small} hours. At this speed, how far will it go in {n} hours?
A rope of {big} m is cut into two parts, one {small} m longer than the other. How long are they?
A detective finds wet shoes, a dry umbrella and an open window. What happened? Explain step by step.
A father is {small} times as old as his daughter. In {n} years he will be twice as old. How old are both?
You find a wallet with ${big} and no name. What are the options, and which is right? Reason through it.
You have {n} minutes, two sand glasses of 4 and 7 minutes. Measure exactly nine.
There is a room with no windows and a locked door, and a man lies dead in a puddle. What happened?
There are three boxes, one with gold. Each has a note and only one note is true. Where is the gold?
Explain why correlation does not imply causation for this case: more firemen, more damage.
Explain the logic behind the answer: why is the probability of two boys one third?
Explain the paradox of the grandfather in time travel and whether it can be solved.
Predict what happens to demand if the price doubles, and explain why.
Predict the next two numbers: {small}, {n}, {big}, ...
Infer the rule from the examples: cat -> 3, house -> 5, a -> 1.
Given that all the lamps are off and one switch works, what is the quickest way to find it?
Given a budget of ${big}0 and {n} guests, is it possible to serve {food} at ${small} a head? Show the calculation.
Design an experiment that would tell whether {topic} cause headaches, and say why it rules out other causes.
Identify the assumption behind: we must hurry, because the others hurry.
Arrange {name}, {name} and {name} by age if the first is not the oldest and the last is younger than the second.
Calculate how long it takes to save ${big}0 if you put aside ${small} a day.
Calculate the average speed of a trip of {big} km out in {small} hours and back in {n}.
"""

CREATIVE = """
Give me ideas for a treasure hunt in {place}.
Give me some fun questions to ask at a party.
Write a list of questions for a first date.
Write a list of funny questions for a quiz night.
Write some fun questions that get people talking about {topic}.
Make a list of creative gifts for {audience}.
Make a list of imaginary books in the library of a wizard.
Make a list of funny names for a {animal} shop.
List ideas for a short story about {thing}.
List some creative uses for {thing}.
List a few original costume ideas about {topic}.
List {n} ideas for a rainy day with children.
Share some ideas for decorating a room around {topic}.
Share ideas for an unusual birthday party for {name}.
Share your wildest idea for a new kind of museum.
Please give us some ideas to make our team meetings more fun.
Please think of a catchy name for {product}.
Find a catchy title for this text.\\n\\n{passage}
Find an appealing headline for my post.\\n\\n{passage}
Think of an attractive title for the following story.\\n\\n{passage}
Think of some games we could invent with {thing}.
What are some creative ways to ask someone to a dance?
What are some fun ideas for a school play about {topic}?
What's a funny way to answer "what's up"?
What would be a great name for {product}?
Could you write an enchanting story that starts with the words: The bell had not rung for {small} years?
Could you come up with an exciting plot for a {genre}?
Start a story with this sentence: {sentence}
Write a gripping story beginning with: The key did not fit any more.
Write a short story about {animal} who learns to [paint|sing|dance|cook|read].
Write a short story about a robot who [falls in love|keeps a garden|is afraid of rain|wants a name].
Write a story about a time traveler who can only go back five minutes.
Write a story in which {thing} is the hero.
Write a story where gravity stops for one minute.
Write a poem comparing {emotion} to {topic}.
Write a poem from the perspective of {thing}.
Write a poem that [celebrates|mourns|makes fun of] {topic}.
Write a heartfelt poem about {emotion}.
Write a scene from a play in which two strangers share an umbrella.
Write a dialogue between a tree and a lumberjack.
Write a dialogue between the past and the future.
Write a dialogue between two {animal}s who meet on the moon.
Write a monologue from the perspective of {thing}.
Write a letter from the future to the people of today.
Write a letter to {emotion}.
Write a short script for a comedy about {topic}.
Write a jingle for {product}.
Write a thrilling opening for a {genre}.
Write a whimsical description of a shop that sells {emotion}.
Write an imaginative tale about a door in the sea.
Write a bedtime story about a cloud that could not rain.
Write a fantasy story about a kingdom where {topic} are forbidden.
Create a story around the sentence "{sentence}".
Create a new mythological creature and tell where it lives and what it fears.
Create a short story that takes place in a single elevator.
Create a dialogue between {person} and {animal}.
Create a poem about {topic} with a surprising last line.
Create a song about {topic}.
Create a superhero for {audience} and tell the story of the first adventure.
Create an imaginary festival in {place}.
Describe a world where {topic} [are intelligent|have vanished|rule].
Describe a city in the clouds.
Describe a day in the life of a dragon who is a vegetarian.
Describe a meal on a space station in a poetic way.
Describe a new colour to a blind painter.
Describe the sound of snow as if it were music.
Describe an alien who tastes {food} for the first time.
Imagine a world where people can [trade memories|fly|read thoughts|never lie]. Write a scene.
Imagine a world in which animals rule the government and describe one day there.
Imagine a conversation between the sun and the moon.
Imagine a day when all colours disappear. Tell what happens.
Imagine a new planet and describe its inhabitants.
Imagine a letter that {person} never sent. Write it.
Imagine that {thing} could dream. What does it dream of?
Imagine if {topic} were alive, and write their anthem.
Invent a gadget that solves a problem of everyday life, and describe it.
Invent a fairy tale about {topic}.
Invent a dish that tastes of {emotion}.
Invent a language for {animal}s and write a greeting in it.
Invent a backstory for {thing} found on a beach.
Compose a lullaby for a baby dragon.
Compose a poem that personifies {topic}.
Compose a letter from a lost sock to its twin.
Tell the story of {thing} from its own point of view.
Tell the story of how {animal} got its voice.
Tell a tale of two cities on the back of a whale.
Come up with an original fable about {emotion}.
Come up with a new ending for a famous fairy tale.
Come up with a plot for a film about {thing}.
Come up with three original ideas for a {genre}.
Think of a new mode of transport and describe a ride.
Design a theme park about {topic}.
Design a magical school and describe its first lesson.
If {topic} had a voice, what would their song be? Write it.
If colours could speak, what would blue say to red?
If you could invent a new season, what would it be like?
"""

INSTRUCTION = """
Can you identify all the nouns in this text?\\n\\n{passage}
Can you find every date in the text below and list them?\\n\\n{passage}
Here is a {code} function. Add types and comments to it.\\n\\ndef f(a, b): return a + b
Using the facts given, write a question and its answer.\\n\\nName: {name}\\nJob: {job}\\nCity: {place}
Write a step-by-step guide on how to [change a tire|plant a tree|set up a home network|paint a wall|brew coffee].
Write a step-by-step guide for {audience} on {topic}.
Write detailed instructions for [assembling a shelf|washing a wool sweater|making {food}|tying a tie].
Write clear step-by-step instructions for using {thing}.
Write a tutorial on {topic} with numbered steps and a list of what is needed.
Write a how-to guide for {topic}, including materials, steps and safety notes.
Write a manual page for a program that counts words: name, synopsis, description, options.
Write a checklist for {audience} who travel to {place}.
Write a recipe for {food} with a list of ingredients and numbered steps.
Write a recipe for {food} that includes exact amounts, preparation time and {n} steps.
Write a formal letter to the mayor that states the problem, asks for a meeting and proposes two dates.
Write a formal complaint letter that includes the date, the order number and what you want done.
Write a memo that announces the new working hours, gives the reason and names a contact.
Write a report with an introduction, {small} sections and a conclusion on {topic}.
Write a five paragraph essay on {topic} with a thesis, three arguments and a conclusion.
Write a summary of {topic} that has {n} bullet points and ends with a question.
Write a paragraph on {topic} that includes the words {list}.
Write a product comparison of {product} and {product} with a table, pros, cons and a verdict.
Write a lesson plan on {topic} with goals, materials, activities and homework.
Write a press release with a headline, a date line, two quotes and contact details.
Write a bug report with the steps to reproduce, the expected and the actual result.
Write a survey of {n} questions on {product}, each with four options.
Write a README for a {code} library with the sections install, usage, license.
Write {n} tips for {topic}, each no longer than {words} characters, and number them.
Write two paragraphs about {topic}: the first in favour, the second against, each of {n} sentences.
Write three sentences about {topic}. The first must be a question, the second a fact, the third a command.
Provide step-by-step instructions for [making {food}|changing a bicycle tube|resetting a password|cleaning an oven].
Provide step-by-step instructions on how to {topic} safely, with a warning after each step.
Provide a detailed plan for a {n}-day trip to {place} with a schedule for each day.
Provide a detailed outline for an essay on {topic} with a thesis and {small} main points.
Provide {n} examples of {concept}, each with a one-line explanation, in a numbered list.
Provide a summary of {topic} in {n} bullet points, then a conclusion in one sentence.
Provide a table that compares {topic} and {topic} on cost, speed and safety.
Give step-by-step directions for making {food}.
Give me step by step instructions to install {code} on a new laptop.
Give me a detailed weekly workout plan with sets, repetitions and rest days.
Give me a {n}-step plan to learn {topic}, one step a line.
Give {n} examples of {topic}, then explain each in one sentence, then rank them.
Give exact instructions for folding a paper plane, numbered from 1 to {n}.
Create a step-by-step plan for organising a [wedding|move|conference|school trip].
Create a detailed schedule for a day with {n} meetings, lunch at noon and no meeting after four.
Create a detailed project plan for {product} with milestones, owners and dates.
Create a {n}-week training plan for a 10 km run, with distances for each day.
Create a weekly budget for a student with ${big}0 a month, with categories and totals.
Create a grocery list for {n} people for a week, sorted by section of the shop.
Create a table with the planets, their size and their moons.
Create a numbered list of {n} {topic}, each with a short description.
Create a flow chart in text form for handling a complaint.
Create a profile for a job site with a headline, a summary and {n} skills.
Create a set of rules for a shared kitchen, at most {n}, each one sentence.
Create a presentation outline of {n} slides on {topic}, with a title and three bullets per slide.
Create a FAQ for {product} with {n} questions and short answers.
List the steps to [open a bank account|register a company|reset a router], in order, one sentence each.
List {n} benefits of {topic} and explain each in one sentence.
List {n} causes of {topic}, then write a one-paragraph summary, and finish with a recommendation.
List {n} items for a first-aid kit, with the purpose of each in brackets.
List {n} countries in {place} with their capitals in the format Country: Capital.
List in order the steps of making {food}, and state the time for each.
Describe in {n} steps how to make {food}.
Describe how to make {food} in exactly {n} numbered steps.
Describe {topic} in three parts: past, present and future, each with a heading.
Explain how to make {food} in a numbered list, with the tools first.
Explain {topic} in three bullet points, then give an example, then a one-line summary.
Explain {concept} in exactly {words} words, using one example and no technical terms.
Outline a {n}-step process for [hiring a {job}|writing an essay|testing software].
Outline a marketing plan for {product} with target group, channels, budget and timeline.
Organise the following into a schedule: gym, shopping, two hours of study, dinner at seven.
Organize these tasks by priority and put them into a table: {list}
Compare {topic} and {topic} in a table with {n} rows, then recommend one in a sentence.
Compare {place} and {place} under the headings cost, weather, food; two sentences each.
Design a workout of {big} minutes: warm-up, {n} exercises with repetitions, cool-down.
Design a weekly menu without meat, list calories per meal, and add a shopping list.
Develop a step-by-step strategy for launching {product}, with deadlines.
Draft a formal invitation to a conference with date, place, dress code and reply address.
Draft a contract for renting a room with the sections rent, duration, notice.
Draft a formal apology to a client: acknowledge the error, state the fix, offer a discount.
Plan a {n}-course dinner for {small} guests: give the menu, the shopping list and the order of cooking.
Plan a study schedule for {n} days before the exam, with two hours a day and breaks every half hour.
Plan a trip to {place} for {n} days with a budget of ${big}0; include transport, lodging and daily activities.
Prepare a packing list for {place}, divided into clothes, papers and tools.
Prepare a {n}-minute speech outline with an opening, three points and a closing.
Choose {n} {topic}, describe each in one sentence, and present them in a table.
Choose a city, describe it in {n} words, then list three sights, then give one tip.
Take the word "{name}" and write a sentence for each of its letters.
Answer in the format "Claim: ... Evidence: ... Conclusion: ...": why does {topic} matter?
Answer each of the questions in one sentence: 1) what is {concept}? 2) who uses it? 3) why?
Read the instructions and follow them exactly: write your name, reverse it, and count its letters.
Follow these instructions exactly: write {n} lines, each with one more word than the line before.
Perform the following tasks in order: name a fruit, spell it backwards, count its vowels.
Using bullet points, explain {topic} to {audience}.
Using only {small} sentences, describe {place}, and mention its food, its weather and its people.
Without using the word "{name}", explain {topic} in {n} sentences.
In no more than {words} words, describe {topic}; then list three sources.
In a numbered list, give the steps for making {food}.
"""

ROLE = """
You are a {job}. A [patient|client|student|customer|colleague] asks about {topic}. How do you respond?
You are a {job} who has just seen {thing}. Describe your reaction.
You are a {job} giving advice to {audience}. What do you say about {topic}?
You are a {job} explaining {concept} to {audience}.
You are {character} and you meet {person}. What do you say?
You are {person}. Explain your greatest idea to {audience}.
You are the mayor of a small town. Explain to the citizens why {topic} matter.
You are the captain of a spaceship in trouble. Speak to your crew.
You are a customer service agent. Respond to this complaint: {sentence}
You are an interviewer for a company that makes {product}. Ask me {n} questions.
You are a tour guide in {place}. Describe the first stop to your group.
You are an AI from the year 2300 that looks back at {topic}. Tell us about it.
You are a {job}. You'll be given details of a case and you will suggest what to do. First case: {name} has lost {thing}.
You are a {job} tasked with helping {audience}. You should ask questions first and then recommend. I begin: I know nothing about {topic}.
As a {job}, how would you handle a [client who does not pay|student who cheats|crew that is afraid|patient who refuses treatment]?
As a {job}, describe how you would [start the day|deal with a mistake|plan your week|explain {topic}].
As a {job}, what advice would you give to {audience}?
As a {job}, write a report on {topic}.
As a {job}, explain to {audience} why {topic} matter.
As a {job}, explain the benefits of {topic} to a sceptical client.
As a medieval king, give a speech to your knights before the battle.
As an alien visitor, describe {topic} to your home planet.
As {person}, describe how you came to your idea.
As {person}, write a letter to {person} about {topic}.
As my financial advisor, tell me how to save for a house.
As a time traveler from {year}, comment on {topic}.
Act as a {job} and [advise|question|teach|help] me on {topic}.
Act as a {job} and write a plan for {audience}.
Act as a travel agent and recommend a trip to {place}.
Act as a job interviewer and ask me about {topic}.
Act as a {job}. I will describe a problem, and your task is to give a solution. My first problem: {thing} does not work.
Pretend you are a {job} and explain {topic} to {audience}.
Pretend you are {animal} and describe your day.
Pretend to be a tour guide from {place} and show me around.
Pretend you're a news reporter at the scene of a flood. Report live.
Pretend I am a customer and you are selling {product}.
Imagine you are a {job} in {year}. Describe your work.
Imagine you are an astronaut on Mars. Report to Earth.
Imagine you're a {job} and must tell a client bad news. What do you say?
Assume the role of a {job} and [respond to a crisis|give a briefing|answer the press].
Assume you are the CEO of a company that makes {product}. Address your staff.
Take the role of a {job} and persuade {audience} to support {topic}.
Speak like {character} in all your answers. Why do we need {topic}?
Roleplay as a {job} and respond to a customer who wants to return {thing}.
Role-play as a therapist who listens to a client with {emotion}.
Play a {job} who must convince {person} of {topic}.
Put yourself in the position of a {job} and explain your decision to stop {topic}.
From the perspective of a {job}, explain how {topic} changed your work.
From the perspective of {person}, describe the events of {year}.
In the role of a {job}, write a recommendation to {audience}.
Speak as a coach to a team that has just lost.
Respond as a {job} to the question: is {topic} worth it?
Write an essay about {topic} as if you are the [king|queen|prime minister] of {place}.
Rewrite this, imagining you are a {job}: {sentence}
"""
