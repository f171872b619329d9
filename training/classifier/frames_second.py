"""Frames added after looking at errors on the training halves of the sources: the second person, long inputs, `the given …`."""

FACTUAL = """
Give me the definition of the word.\\n\\nWord: {emotion}
Define the given word for someone who learns English.\\n\\n{emotion}
Explain the given term.\\n\\nTerm: {concept}
Explain the following phrase and give some examples.\\n\\n"to bite the bullet"
Explain the following idiom.\\n\\na piece of cake
Explain how to do the given exercise.\\n\\nsquats
Describe the following place.\\n\\n{place}
Describe what a {job} does.
Describe the duties of the given job.\\n\\n{job}
List the skills that are needed for the given job.\\n\\n{job}
List some well-known works of the given person.\\n\\n{person}
List a few songs from the given album.\\n\\nThriller
List the subtopics of the given topic.\\n\\n{topic}
List what one should learn before {topic}.
List the best months to visit {place}, and why.
List the side dishes that go with {food}.
Make a list of popular books on {topic}.
Make a list of healthy snacks.
Make a list of the materials needed to build a birdhouse.
Suggest some good books for beginners in {topic}.
Suggest a film for tonight and say why it is good.
Suggest a simple stretching routine.
Suggest exercises for a stiff back.
Suggest a recipe with {food}.
Recommend some podcasts about {topic}.
Recommend a restaurant dish to try in {place}.
Recommend similar books to the one that is given.\\n\\nThe Hobbit
Recommend other films for someone who liked Casablanca.
What genre is the given film?\\n\\nAlien
Name the genre of the following series.\\n\\nThe Crown
Give a recipe for the following dish.\\n\\n{food}
Give me a cooking recipe for {food}.
Give me the recipe of your choice for {food}.
Give a short summary of the plot of the given film.\\n\\nCasablanca
Give a detailed description of how people find ideas for essays.
Give some examples of dishes from {place}.
Give me advice on how to stay calm before a talk.
Give tips for adjusting to the weather in {place}.
Answer the following question.\\n\\nWhere is {place}?
Answer this question about programming.\\n\\nHow do I compare two dates in {code}? I always get the wrong result with ==.
Question: who wrote Faust? Answer:
Find synonyms for the given word and say how they differ.\\n\\n{emotion}
Find the way from the station to the given address.\\n\\n12 Mill Lane
Tell me whether the claim is known to be true: {topic} were brought to Europe in {year}.
Write a short description of {place}.
Write some phrases that are used in a {lang} restaurant, with their meaning.
Write a simple guide to uploading a file to a website.
Write down the meaning of {concept}.
Discuss the origin of the given word.\\n\\nsalary
Say how "thank you" is pronounced in {lang}.
How do you say "good evening" in {lang}?
How do you keep {topic} from getting boring?
How do you know if you have a cold or the flu?
How can you protect yourself from scams?
How do I return an item that I bought online? I lost the receipt.
How many times can you donate blood a year?
How many legs does a spider have?
How many hours should you sleep?
How much money do you need to retire early?
In the U.S., is it legal to collect rainwater?
In the U.S., can you be fired for being ill?
In the U.K., at what age can you drive a car?
In Germany, what are you not allowed to do on Sundays?
In Australia, what happens if you do not vote?
In the EU, how can you claim money for a delayed flight?
In Japan, what do you say before a meal?
What happens to you if you eat watermelon seeds?
What happens to your eyes if you sit too close to the television?
What happens if you break a mirror?
What happens if you go out with wet hair?
What happens if you don't pay a parking ticket?
What will happen to you if you never brush your teeth?
What can you do against insomnia?
What do you call a baby kangaroo?
What do you get if you mix blue and yellow?
What do all mammals have in common?
What does it mean if you dream of falling?
What's a place where it never rains?
What's a food that never goes bad?
What's a fact about {place} that most people get wrong?
What's an animal that can live without water for years?
What is the only mammal that can fly?
What is the largest city in the world that is not a capital?
What is the most common first name in {place}?
What is the second most spoken language in {place}?
What is a good way to protect yourself from the cold?
What would you find at 10 Downing Street?
What would you see on a clear night in {place}?
What are you allowed to bring onto a plane?
What are some things you can do to relax?
What are the exact words on the Liberty Bell?
Who will you meet if you go to 221B Baker Street?
Who do you call when you see a fire?
If you are bitten by a snake, what should you do?
If you are born in August, what is your star sign?
If you swallow a tooth, what happens to it?
If you cut an earthworm in two, do both parts live?
If you feed a duck bread, is it bad for it?
If you touch a toad, can you get warts?
If someone has a fever, should you keep them warm?
If it's cold enough, can hot water freeze faster than cold?
Can you get a tattoo in {place} at sixteen?
Can you be allergic to water?
Can you teach an old dog new tricks, as the saying goes?
Can you get sunburnt on a cloudy day?
Do you lose most heat through your head?
Do you need a licence to fish in {place}?
Do more than half of all people live in cities?
Are you allowed to film in a museum?
Is working at night bad for you?
Should you wake a sleepwalker?
Should you drink milk when you have a cold?
Did people in {year} know about {topic}?
Was the story of the apple and {person} true?
Was "The Great Gatsby" a success when it was published?
This river flows through Vienna, Budapest and Belgrade. What is its name?
This author, born in Dublin, wrote about one day in June. Who is it?
This team plays in red in a city in the north of England and has won many titles. Name the team.
Founded in {year} and named after a king, this city is the capital of its state. Which one is it?
Known for his round glasses and his songs about peace, this musician lived in New York. His name is John who?
The people of this country call it the land of the long white cloud. Which country?
She was the first woman to win a Nobel prize. Her name is Marie what?
A person from {place} might say: "it is our oldest university, on a hill, and it has the oldest library." Which one is meant?
Please describe what you know about {topic}.
Please suggest a few articles on {topic}.
I have a cough and I feel weak. What could help?
My friend is sad because she lost her job. How can I help?
My neighbours are loud at night. What can I do according to the law?
Provide the laws on smoking in restaurants in {place}.
Verify this with what is known: {place} is in Asia.
Rank these countries by area: Brazil, China, Canada.
Choose the best books on {topic}.
"""

REASONING = """
Read the passage and answer the question with an explanation.\\n\\n{passage}\\n\\nWhat can be concluded?
Read the following passage. What is the writer's hidden assumption?\\n\\n{passage}
Based on the passage, which statement must be true?\\n\\n{passage}
{passage} Why did it happen, most likely?
Answer the following math problem.\\n\\n{name} has {big} {unit} and sells {small} of them every day. After how many days are half left?
Answer the math question about the text. Write out the calculation.\\n\\nOf {big} people asked, {small}% had a dog and twice as many a cat. How many had neither if nobody had both?
Solve the given equation.\\n\\n{small}x^2 - {big} = 0
Solve the given puzzle.\\n\\nSEND + MORE = MONEY
Solve the system and give the final answer.\\n\\n{small}x + y = {big}, x - y = {n}
Solve the word problem with a system of equations.\\n\\nTickets cost ${small} for children and ${n} for adults. {big} tickets brought in ${big}0. How many of each were sold?
Find all subsets of the set that add up to {n}.\\n\\n{{1, 3, {small}, 7, 9}}
Provide a formula for the nth term.\\n\\n4, 7, 10, 13, ...
Provide a proof of the given statement.\\n\\nFor every integer n, n^2 + n is even.
Prove the given statement from the facts.\\n\\nStatement: {small}n + 2 is even. Fact: n is even.
Prove the following.\\n\\nIf a divides b and b divides c then a divides c.
Verify whether the statement is correct.\\n\\nFor all real x, x^2 is larger than x.
Decide whether the syllogism is sound.\\n\\nAll {job}s are tired. {name} is tired. Therefore {name} is a {job}.
Decide which person is suited to the job, given that {name} likes people and {name} likes numbers. The job: {job}.
Write the fourth word so that the pairs have the same relation.\\n\\npuppy : dog :: kitten :
Schedule the meetings from the given times.\\n\\n{name}: free from 9 to 11\\n{name}: free from 10 to 12\\nEach needs 30 minutes.
Estimate the cost of the given project and add it up.\\n\\nA bookshelf: {small} boards at ${n}, {big} screws at 10 cents, paint ${small}
Estimate what a {job} in {place} earns in a year, and show how you get there.
Guess what I am thinking of: it is round, it is red, and it grows on trees.
Converting {big} F to Celsius.
Convert {small} feet to inches.
{small} km = ___ m
{big}% tip on ${big}.{big}
Given what you know about {name}, a quiet person who loves books, is she more likely a librarian or a farmer? Reason with base rates.
If you had {n} {unit} and gave me {small}, how many would you have?
If your clock gains {small} minutes a day, how long until it is right again?
If your team needs {small} hours for half of the work, when will you be done with the rest at twice the speed?
You have {big} {unit}. You give {small} to your sister and eat {n}. How many do you have?
You have a {small}-litre and a {n}-litre bucket. Can you get exactly one litre? How?
You roll two dice. What is the chance that your sum is {n}?
You are in a room with three doors, one of them locked. Which do you try first if you cannot go back?
You see a boat full of people, but not a single person on board. Why?
You need {n} eggs for a cake and have {small} in two boxes each. How many are missing for {small} cakes?
You drive {big} km in {small} hours. What is your speed?
Your neighbour says that every Tuesday it rains. What would prove him wrong?
Your train leaves in {big} minutes and the station is {small} km away. How fast must you walk?
Consider a ball thrown straight up. What happens to its speed and energy on the way? Work it out for {small} m/s.
Each sentence below is true or false. Which are true? 1. Exactly one is false. 2. Exactly two are false.
Her mother is my mother's only daughter. Who is she to me?
Here is a {code} function that should sort a list. Is there a mistake in it?\\n\\nfor i in range(n): if a[i] > a[i+1]: swap
Explain what the given code prints and why.\\n\\nx = {small}\\nwhile x > 0: x -= 2\\nprint(x)
What is the output of the given code?\\n\\nprint([i * {small} for i in range({n})][-1])
Evaluate the two answers and decide which is correct.\\n\\nQuestion: is {big} divisible by {small}? A: yes B: no
"""

CREATIVE = """
Given the facts, compose a fascinating story.\\n\\nFacts:\\n- {name} was born in {place}\\n- {name} lost {thing}
Craft a story from the following facts. Fill in what is missing.\\n\\n{name}, {place}, {thing}
Write a conversation based on the given facts.\\n\\nFacts: {name}, {place}, {thing}
Write a review of {product} as an enthusiastic customer.
Write a product description that makes the reader want to buy it.\\n\\n{product}
You should write a text that persuades people to buy the product.\\n\\n{product}
You need to write an opening scene for a {genre} film.
You need to come up with a catchy title for a video.\\n\\n{topic}
You are given the beginning of a story. Go on with it.\\n\\n{name} looked at {thing} and laughed.
You will write a fairy tale about {animal}. Let it be short.
Your task is to invent a motto for the given company.\\n\\n{product}
Your task is to write a bedtime story about {thing}.
Give the brand a motto for its campaign.\\n\\n{product}
Use the given topic to brainstorm ideas for videos.\\n\\n{topic}
Using the topic as a starting point, brainstorm titles.\\n\\n{topic}
Take the description and write a creative ad.\\n\\n{product}
Take these three words and make a story of them: {list}
Choose an appealing title for a post about {topic}.
Choose a name for our channel. Here is what it is about: {topic}
Create a captivating caption for the given picture.\\n\\n{animal} in front of {thing}
Create a social media post that gets people excited about {product}.
Write a persuasive social media post about {topic}.
Write a post that announces my new job as a {job}.
Write an introduction for my blog that attracts readers.\\n\\nTitle: {topic}
Write a hook for a video about {topic}.
Write a tagline for the given film.\\n\\n{thing} in {place}
Write a funny answer to the message.\\n\\nhow are you?
Think of a new idea for {product}.
Invent a word for the given description.\\n\\nthe moment when {animal} looks at you
Come up with a metaphor for my situation.\\n\\nI lost {thing}.
Come up with a creative way to use {thing}.
Come up with some questions to break the ice.
Come up with an acronym for a project about {topic}.
Brainstorm a list of gifts for a {job}.
Brainstorm a list of {n} names for {animal}.
Suggest some names for our group of friends.
Suggest a nickname for {name}.
Design a training challenge that is fun for everyone.
Design a color palette that feels like {emotion}.
Draft an enthusiastic caption for {product}.
Complete the lyrics.\\n\\nWhen the night falls on {place}
Complete the poem.\\n\\nI saw {animal} upon the wall
Give me a compliment for a {job}.
Give me an interesting idea for a film, with a title and a summary.
Write a pleasant compliment about patience.
Tell a dad joke about {topic}.
Imagine you are a bird over {place}; the story starts there. Write it for my blog.
"""

INSTRUCTION = """
Summarize the following article.\\n\\n{passage}
Summarize the following document in {n} bullet points.\\n\\n{passage} {passage}
Describe the content of the article briefly.\\n\\n{passage} {passage}
Make a one-sentence summary of the given text.\\n\\n{passage}
Generate a title for the given text.\\n\\n{passage}
Generate a subject line for the following email.\\n\\n{passage}
Extract all names and places from the passage.\\n\\n{passage}
Extract the following information from the text: who, where, when. Output one a line.\\n\\n{passage}
Extract all numbers from the paragraph, separated by semicolons.\\n\\n{passage}
Extract the address and the price from the description.\\n\\n{passage}
Find the misspelled word in the sentence and give the correct spelling.\\n\\n{sentence}
Find the rude word in the sentence.\\n\\n{sentence}
Find the longest sentence in the paragraph and output its number.\\n\\n{passage}
Retrieve the time and place of the meeting from the chat.\\n\\n{name}: when are you free?\\n{name}: {small} pm at the library?
Rewrite the given text and correct the errors.\\n\\n{passage}
Rewrite the paragraph in the style of a news report, without changing the facts.\\n\\n{passage}
Paraphrase the paragraph. All information must be kept.\\n\\n{passage}
Paraphrase the given text in an academic style.\\n\\n{passage}
Improve the article with what you know.\\n\\n{passage}
Check the given article for errors and correct them.\\n\\n{passage}
Translate the article into {lang}.\\n\\n{passage}
Simplify the following text for learners of English.\\n\\n{passage}
Expand the following outline into an article.\\n\\nTitle: {topic}\\nOutline: origin, use, future
Change the reply in the chat so that it sounds kinder.\\n\\n- How was your day?\\n- Fine.
Change the first person to the third person.\\n\\n{sentence}
Complete and rewrite the last message.\\n\\n- Where are you going?\\n- To the
Replace all names in the paragraph by <name>.\\n\\n{passage}
Replace the <mask> with fitting words.\\n\\nThe <mask> opens at <mask>. {sentence}
Fill in the blank.\\n\\n{name} is a ___ at the hospital.
Detect if the text contains hate speech. Output yes or no.\\n\\n{passage}
Detect whether the sentence is sarcastic.\\n\\n{sentence}
Tell if the sentence contains bad language.\\n\\nyou are an idiot, {name}
Tell if the sentence is grammatical. If not, correct it.\\n\\n{sentence}
Identify all topics the article belongs to. Possible topics: sports, politics, science, travel.\\n\\n{passage}
Classify the text into one of the following: news, advice, story.\\n\\n{passage}
Decide whether the document supports the claim. Answer "supported" or "not supported".\\n\\nDocument: {passage}\\nClaim: {sentence}
Decide if the given email is social or promotion.\\n\\n{passage}
Choose a topic for the article from: health, money, sport.\\n\\n{passage}
Analyze the tone of the given email and say how it may sound to the reader.\\n\\n{passage}
Analyze the word choice in the text and list the words that are too formal.\\n\\n{passage}
Output the parts of speech of all the words, one a line.\\n\\n{sentence}
Return the {n}th word of the sentence.\\n\\n{sentence}
Convert the description to a command.\\n\\nshow the last {big} lines of a file
Convert the description into a spreadsheet formula.\\n\\nif A1 is larger than {big} then "high" else "low"
Convert this question to SQL.\\n\\nHow many {unit} were sold in {year}?
Convert the text to HTML.\\n\\n{passage}
Reply to the review as the shop owner of {product}.\\n\\n{sentence}
Write a question and its answer from the given facts.\\n\\nName: {name}, born {year}, {place}
Write a text that conveys all the given data.\\n\\n{name} | lives in | {place}\\n{name} | works as | {job}
Write a description from the features.\\n\\nName: grill\\nWidth: {big} cm\\nBurners: {small}
Write a script in {code} that prints the current date.
write a script that saves all pictures of a page
Write code in {code} that gets the current price from a web API.
Write {code} code for the following problem.\\n\\nGiven an array of numbers, return the two that add up to a target.
Provide a {code} solution to the following problem.\\n\\nReturn true if the number is a power of two.
You are provided with a description of a function. Write the code.\\n\\nfunction that tells if a year is a leap year
Write a user story for the given software.\\n\\na calendar
Write acceptance criteria for the given user story: as a user I want to search for {unit}.
Create a template for a report with headings and empty fields.
Create a birthday checklist.
Create an email signature for a {job}.
Create a syllabus for a course on {topic} with a list of chapters and one sentence on each.
Create acceptance criteria for a login page.
Prepare a table of all participants from the text.\\n\\n{passage}
Plan an agenda for a meeting and give each topic a time.
You need to write an email to ask for a raise of {small}%.
You need to turn the notes into the minutes of a meeting.\\n\\n{list}
You need to read the review and list its good and bad points.\\n\\n{passage}
You should rewrite the sentence without "you" and "your".\\n\\nYou can keep your coat on.
You should correct your own text before you send it. Correct this: {sentence}
You are given a news article and a list of topics. Pick the topics that fit.\\n\\n{passage}
You are given two sentences. Output "same" if they mean the same, otherwise "different".\\n\\n1) {sentence}\\n2) {sentence}
You are given a list of features. Write a product page with a heading and {n} bullets.
You are provided with a text. Mark every date in it.\\n\\n{passage}
You will read a dialogue. Label the customer as happy or angry.\\n\\n{passage}
You will be given a word. Output {n} antonyms in lowercase, separated by commas.\\n\\n{emotion}
Your task is to extract every date.\\n\\n{passage}
Your task is to translate the following into {lang}: {sentence}
Your answer must be one of: yes, no, maybe. Is {place} an island?
Choose from: "My vote is yes." "My vote is no." Just choose one phrase from above as your answer. Do you like {food}?
As part of a form, the user enters a date. Write the validation rules as a numbered list.
As part of the release, write a changelog entry with date, version and three points.
In this task, you are given a sentence and a word. Replace the word without changing the meaning.\\n\\n{sentence}
In this task you compare two sentences and output yes or no.\\n\\n{sentence}\\n{sentence}
Given a paragraph and a question, copy the sentence that has the answer.\\n\\n{passage}\\nWho?
Given the ingredients, write the recipe with amounts and numbered steps: {list}
Given a description of a place, fill the form with the fields town, price, rooms.\\n\\n{passage}
Take a look at the contract and list its parties.\\n\\n{passage}
First repeat the question word for word, then answer it. What is {concept}?
"""

PASSAGES = """
The town council met on Tuesday to talk about the old bridge. It was built in 1931 and carries four thousand cars a day. Engineers found rust in two of its pillars last spring. A new bridge would cost nine million, a repair three. The council will decide in June, after the residents have been asked.
Hello Sam, thank you for the flowers, they arrived in time and my mother was delighted. I hope your move went well and that the new flat is not as cold as the last one. Are you free on Saturday for lunch? We could try the place by the canal. Let me know, and say hi to Ruth. Best, Nora
Honey bees tell each other where to find food by a dance. A bee that has found a good field runs in a figure of eight on the comb. The angle of the run shows the direction from the sun, its length the distance. Other bees follow her in the dark and feel the dance more than they see it.
I stayed here for three nights with my sister. The room was clean and the view of the harbour wonderful, but the walls are thin and the breakfast ended at nine. The staff at the desk were kind and helped us to find a doctor. For this price I would have expected a working shower.
Shares of the car maker fell by six percent on Monday after it said that deliveries would be late. The company blamed a lack of chips and a fire at a supplier in Osaka. Analysts had expected 210,000 cars in the quarter; it now hopes for 185,000. Its rivals gained slightly.
Bread rises because yeast turns sugar into gas. The gas stays in the dough since gluten makes it elastic. If the dough is too cold, the yeast is slow; if it is too hot, it dies. Salt slows it down as well, which is why bakers weigh it with care.
Charming cottage near the woods: two bedrooms, a kitchen with a gas stove, and a garden with apple trees. 14 Hill Road, ten minutes from the station. The roof was renewed in 2016. Heating by wood and electricity. Price 245,000. No agents, please call in the evening.
Agent: Good afternoon, how can I help you? Customer: My router has been blinking red since yesterday. Agent: Did you restart it? Customer: Three times. Agent: I will send a technician on Thursday morning. Customer: That is four days without internet. Agent: I am sorry, it is the earliest date.
The study followed 1,204 nurses for eight years. Those who worked at night for more than ten shifts a month slept 40 minutes less and had higher blood pressure. The authors could not say whether the shifts were the cause, as night workers also smoked more. They call for a trial with changed schedules.
We propose a method for finding faults in pipes by sound. A small robot moves through the pipe and taps the wall; a network trained on 20,000 recordings decides whether the wall is thin. In tests on three sites it found 93% of the faults at a third of the cost of the usual method.
Dear customers, from the first of October our shop will open at eight instead of nine. On Sundays we remain closed. The parking lot behind the house can be used again. As a thank you for your patience during the works you will get ten percent off all garden tools until the end of the month.
My grandfather kept bees behind the school. Every summer he let us taste the first honey from his knife. When he died, nobody wanted the hives, and so I took them in my small car, forty thousand bees humming in the back. I drove very slowly, and I talked to them all the way.
The island lies forty miles off the coast and has 312 inhabitants. Most of them fish or rent rooms in summer. In 1887 a storm took the lighthouse and half of the village. The ferry goes twice a week, weather allowing. There is one shop, one school with eleven pupils, and no police.
This agreement is made on the 4th of May between Greenfield Dairy Ltd., of 3 Farm Lane, Oxford (the seller), and Mr. Paul Ito (the buyer). The seller delivers 200 litres of milk every Monday before seven. The buyer pays within fourteen days. Either side may end the agreement with two months' notice.
After a first half with few chances, the home team scored twice in five minutes through Ortega and Lind. The visitors lost their captain to a red card shortly after and never found their way back. The coach praised the young defence. On Saturday they travel to the leaders.
Get 50% off today only! You have been selected as one of our lucky winners. Click the link below and enter your details to claim your free phone. Hurry, this offer ends at midnight. Your friends at MegaDeals.
The meeting began at ten with Ava, Jon and Priti present. Jon reported that the website is two weeks late because the payment provider changed its interface. Priti will talk to them. The budget for the fair was agreed at 4,000. Next meeting on the 12th at the same time.
Sleep comes in cycles of about ninety minutes. In each, light sleep is followed by deep sleep and then by a phase with quick eye movements, in which most dreams occur. In the course of the night the deep phases become shorter. Waking in the middle of one makes us feel dizzy.
lol i can't believe they cancelled it again. third time this year!! i had my ticket and everything, now i have to wait till march. at least they said we get the money back. whatever, i'm going to the beach this weekend, who's in?
Copper has been used for ten thousand years. It conducts heat and electricity better than any other metal but silver, and it does not rust. Most of it today goes into cables and pipes. Chile mines more than a quarter of the world's copper; about a third of what is used comes from scrap.
Order number 88213 was placed on 3 March and should have been here by the 10th. When I called, I was told that it was lost and that a new one would be sent. That was two weeks ago. Nobody answers my mails. I want my 79 dollars back, or I will turn to the consumer office.
A fox, a crow and a tortoise shared a field. The fox hunted by night, the crow by day, and the tortoise ate what they left. One winter the snow was so deep that neither could hunt. Then the tortoise showed them the roots that it had stored under the old oak.
The senator said on Friday that she would not run again. She has held the seat for eighteen years. Three members of her party are thought to be interested, among them the mayor of the capital. Polls see the two large parties level. Registration ends on the 30th of April.
To set up the printer, remove the tape and open the front door. Put in the ink, close the door and wait for the light to turn green. Connect it to the computer with the cable, not included. If the light stays yellow, check the paper. Do not use the printer near water.
"""
