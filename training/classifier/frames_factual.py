"""Frames of prompts that ask for what is known. One a line; {slot} is filled from slots.py, [a|b] is a choice."""

FRAMES = """
What is {concept}?
what is {concept}
whats {concept}
What exactly is {concept} and where does the name come from?
What is meant by {concept}?
Define {concept}.
Give me a definition of {concept}.
Explain {concept}.
Explain {concept} in simple terms.
Explain {concept} to me like I'm [five|ten|new to this].
Explain {concept} with an example.
Can you explain {concept}?
Could you please explain what {concept} is?
Please explain {concept} briefly.
I never understood {concept}. What is it?
i dont get {concept}, can someone explain
Help me understand {concept}.
How would you define {concept}?
In economics and elsewhere people mention {concept}. What does it mean?
My teacher mentioned {concept} today. What is that?
What does the term "{concept}" refer to?
Describe {concept} and say why it matters.
Describe how {topic} work.
How do {topic} work?
how does {topic} work
Explain how {topic} works, step by step.
Tell me about {topic}.
Tell me something about {topic} that most people don't know.
tell me about the history of {topic}
What is the history of {topic}?
Give a short overview of {topic}.
Give me some facts about {topic}.
Give three facts about {topic}.
What should I know about {topic}?
What are the basics of {topic}?
What are the main types of {topic}?
What are the advantages and disadvantages of {topic}?
What are the pros and cons of {topic}?
What is the difference between {topic} and {topic}?
difference between {concept} and {concept}?
How do {topic} differ from {topic}?
Compare {concept} and {concept}.
What are the benefits of {topic}?
What is known about the origins of {topic}?
Why are {topic} important?
Why is {topic} important for [people|the economy|the environment|science]?
What role did {topic} play in [the 19th century|modern history|the Middle Ages|everyday life]?
When was {topic} [invented|discovered|first described]?
Who [invented|discovered|first studied] {topic}?
What are common misconceptions about {topic}?
Is it true that {topic} [are dangerous|were invented in China|cost more than they save]?
What are the key components of {topic}?
What do experts say about {topic}?
Which country is best known for {topic}?
Where can I learn more about {topic}?
I'm writing a school report on {topic}. What are the main points?
I am a teacher and my students asked about {topic}. What is the short answer?
Summarize what is known about {topic}.
Outline the main causes of {topic}.
What causes {topic}?
What effects does {topic} have on [health|society|the climate|prices]?
List the main features of {topic}.
Name some famous examples of {topic}.
Who was {person}?
who was {person} and what did they do
What is {person} famous for?
When did {person} live?
When was {person} born?
Where was {person} born, and where did they die?
Tell me about the life of {person}.
What were the most important achievements of {person}?
What did {person} believe in?
How did {person} die?
Did {person} and {person} ever meet?
Which books are there about {person}?
Why is {person} considered important?
Describe the childhood of {person}.
What happened in {year}?
What happened in [Europe|China|America|Russia] in {year}?
Which war ended in {year}?
Who ruled [England|France|Spain|Japan] in {year}?
What is the capital of {place}?
capital of {place}
What language do people speak in {place}?
What is the population of {place}?
what currency do they use in {place}
What is {place} known for?
Where is {place}?
How big is {place}?
What is the climate like in {place}?
When is the best time to visit {place}?
What should I see in {place}?
What are the must-see sights in {place}?
Is {place} safe for tourists?
Do I need a visa for {place}?
What food is typical of {place}?
How far is {place} from {place}?
What is the highest mountain in {place}?
Which rivers flow through {place}?
When did {place} become independent?
What are the traditions of {place} around New Year?
What time zone is {place} in?
How do I make {food}?
how to make {food}
How do you make {food} at home?
What goes into {food}?
What's the traditional way to prepare {food}?
How long does {food} keep in the fridge?
Where does {food} come from originally?
How many calories are in {food}?
What wine goes with {food}?
Is {food} healthy?
What can I use instead of eggs in {food}?
What is the best way to learn {topic}?
How do I get started with {topic}?
How can I get better at {topic}?
What are some good books about {topic}?
Can you recommend a beginner's introduction to {topic}?
What are some tips for {topic}?
Any advice on {topic}?
Do you know anything about {topic}?
I'd like to know more about {topic}.
I was wondering how {topic} came about.
Quick question: what's {concept}?
Question about {topic}: how old are they?
Why is the sky blue?
Why do cats purr?
Why do leaves change colour in autumn?
why do we yawn
Why do onions make you cry?
Why does ice float on water?
Why did the Roman Empire fall?
Why did dinosaurs go extinct?
Why do planes fly at 35,000 feet?
Why is sea water salty?
Why do we have leap years?
Why did people wear wigs in the 18th century?
Why do stars twinkle?
Why do bees dance?
Why is gold so expensive?
Why does bread rise?
Why do some countries drive on the left?
Why do my ears pop on a plane?
why does my phone get hot when charging
How does a refrigerator keep things cold?
How does a microwave oven heat food?
How do fish breathe?
How do vaccines protect us?
How does the heart pump blood?
How do noise-cancelling headphones work?
How do bats find their way in the dark?
How do credit cards work?
How is glass made?
How is paper made from wood?
How is a president elected in the United States?
How are pearls formed?
How was the Great Wall built?
How was Stonehenge built?
How tall is Mount Everest?
how tall is the eiffel tower
How deep is the ocean at its deepest point?
How far is the moon?
How long is a marathon?
How long do elephants live?
How long does it take light to get here from the sun?
How many bones does an adult human have?
How many players are in a volleyball team?
How many languages are spoken in the world?
How many moons does Jupiter have?
how many states are in the usa
How many people live in Canada?
How much does a blue whale weigh?
How much sleep does an adult need?
How much water should I drink a day?
How often do total solar eclipses occur?
How old is the universe?
How fast does sound travel?
How hot is the surface of the sun?
What is the boiling point of ethanol?
What's the chemical symbol for silver?
What is the largest organ of the human body?
What is the longest river in the world?
What is the national animal of Scotland?
What is the speed of light?
What is the square root symbol called?
What is the tallest building in the world?
What is the powerhouse of the cell?
What was the first computer virus?
What was the cause of the Thirty Years' War?
What were the consequences of the Treaty of Versailles?
What does DNA stand for?
What does NATO stand for?
What does "quid pro quo" mean?
What does a tax advisor do?
What does the pancreas do?
What happens to your body when you stop smoking?
What happens if you swallow gum?
What happens when you crack your knuckles?
What happens to a star when it dies?
What kind of animal is a wombat?
What kind of cheese is used on pizza?
What year did the Titanic sink?
what year did ww2 end
What time does the sun rise in Iceland in December?
What colour is a polar bear's skin?
What are the planets of the solar system?
What are the primary colours?
What are the symptoms of iron deficiency?
What are the stages of grief?
What are the official languages of Switzerland?
What are the rules of cricket?
What are tectonic plates?
What are trans fats and why are they bad?
What are the side effects of ibuprofen?
Who painted the Mona Lisa?
Who wrote Don Quixote?
who won the world cup in 1998
Who was the first woman in space?
Who is the author of Dune?
Who discovered penicillin?
Who was the president before Truman?
Who sings Bohemian Rhapsody?
Who plays the main character in The Matrix?
Whose idea was the guillotine?
Which planet has the most rings?
Which metals are magnetic?
Which vitamin do you get from sunlight?
Which US state was the last to join the union?
Which is bigger, Australia or Brazil?
Which countries border Austria?
Which programming language was used to write the first Unix?
Where is the Strait of Malacca?
Where do kiwis come from?
Where was the first Olympic Games held?
Where did the potato come from?
When did the Berlin Wall come down?
when did the first iphone come out
When was the printing press invented?
When is Chinese New Year?
When does daylight saving time end?
When was the last ice age?
Is a tomato a fruit or a vegetable?
Is it legal to record a phone call in California?
Is glass a liquid?
Is Pluto a planet?
Is it safe to eat raw eggs?
Are bananas berries?
Are there snakes in Ireland?
Are lie detectors reliable?
Do goldfish really have a three second memory?
Do plants sleep?
Do people only use ten percent of their brain?
Does sugar make children hyperactive?
Does shaving make hair grow back thicker?
Does it snow in Egypt?
Can you see the Great Wall from space?
Can dogs see colours?
Can humans breathe pure oxygen?
Can lightning strike twice in the same place?
Can I freeze cooked rice?
Did Vikings wear horned helmets?
Did Einstein fail maths?
Has anyone ever been to the bottom of the Mariana Trench?
Were there ever lions in Europe?
Was Napoleon short?
Name the seven wonders of the ancient world.
Name three noble gases.
Name a mammal that lays eggs.
Name the author of "War and Peace".
Name the parts of a flower.
List the planets.
List the countries of Scandinavia.
List some common symptoms of the flu.
Describe the structure of an atom.
Describe the water cycle.
Describe the political system of Switzerland.
Describe the plot of Hamlet.
Describe the main differences between mitosis and meiosis.
Describe the process of making beer.
Describe the symptoms of heat stroke and what to do about it.
Explain why the sea has tides.
Explain why the sky turns red at sunset.
Explain what causes inflation.
Explain the offside rule.
Explain the theory of relativity for beginners.
Explain the difference between a virus and a bacterium.
Explain the difference between RAM and a hard disk.
Explain how rainbows form.
Explain how a bill becomes a law in the UK.
Explain how TCP establishes a connection.
Explain what happens during a solar eclipse.
Explain the significance of the Magna Carta.
Explain the causes of the First World War.
Explain the main ideas of Kant's ethics.
Explain Bayes' theorem and what it is used for.
Explain quantum entanglement in plain words.
Explain what a closure is in JavaScript, with a small example.
What is a closure in JavaScript?
What is the difference between a process and a thread?
What's the difference between let and var?
What does the static keyword do in Java?
What is git rebase used for?
What does HTTP status 418 mean?
How does garbage collection work in Go?
When should I use a hash map instead of a tree?
what is docker and why would i use it
What is the time complexity of quicksort in the average case?
How do I undo the last commit in git?
How do I exit vim?
How can I convert a string to an int in Python?
How do I center a div?
How do I change a tyre?
How do I remove a red wine stain from a carpet?
How do I tie a bow tie?
How do I get rid of fruit flies?
How do I prune roses?
How do I apply for a passport?
how to boil an egg
how to stop hiccups
how to tell if an avocado is ripe
How can I lower my electricity bill?
How can I fall asleep faster?
How can I remove a stuck screw?
How should I store potatoes?
How do I teach a dog to sit?
What should I do if I get a jellyfish sting?
What should I do after a car accident?
What should I wear to a job interview at a bank?
What should you eat before a long run?
My sourdough starter smells of acetone. Is that normal?
My cat keeps sneezing, is that normal?
My basil keeps dying. What does basil need?
I have a headache every Monday. What are common causes of headaches?
I keep hearing about stablecoins. What are they, and are they safe?
I'm visiting Lisbon in May. What is the weather usually like?
I'm new to running. How often should a beginner train?
I just bought a house from 1920. What is knob and tube wiring?
I read that octopuses have three hearts. Is that right, and why?
I heard that bulls hate red. Is that true?
We're learning about the Renaissance. Who were the Medici?
Could you tell me what the Marshall Plan was?
Could you tell me who designed the Sydney Opera House?
Can you tell me about the Battle of Hastings?
Can you give me some background on the conflict between Sparta and Athens?
Can you describe what a recession is?
Do you know who composed The Four Seasons?
Do you happen to know when the next leap year is?
Please tell me how many chambers the heart has.
Please describe the role of the mitochondria.
Please give an overview of the causes of the French Revolution.
Provide an overview of the theory of plate tectonics.
Provide information about the health effects of caffeine.
Provide a brief history of the internet.
Provide a definition and an example of alliteration.
Discuss the causes and effects of the Great Depression.
Discuss the impact of social media on teenagers.
Discuss the role of women in ancient Sparta.
Discuss the main themes of Frankenstein.
Outline the life cycle of a butterfly.
Outline the major events of the American Civil War.
Summarize the plot of Moby Dick.
Summarize the main findings about sleep and memory.
Give me a brief summary of the Odyssey.
Give me an introduction to game theory.
Give an example of a simple machine.
Give an example of symbiosis in nature.
Give some examples of renewable energy.
Give me the formula for the area of a circle.
State Newton's three laws of motion.
State the first law of thermodynamics.
Identify the main organs of the digestive system.
Trace the development of the English language from Old English to today.
the scientific name of the house sparrow
author of pride and prejudice
population of tokyo
symptoms of appendicitis
meaning of the word petrichor
largest lake in africa
inventor of the telephone
distance earth sun
chemical formula for table salt
definition of sovereignty
side effects of melatonin
Mount Fuji height?
Battle of Waterloo, when and where?
Photosynthesis: what are the inputs and outputs?
ELI5: how do airplanes stay up?
In which year did India become independent?
In what city is the Prado museum?
In which sport would you use a shuttlecock?
In Greek mythology, who was the mother of Persephone?
In computing, what is a cache miss?
In law, what is the difference between a felony and a misdemeanour?
In cooking, what does it mean to deglaze a pan?
In statistics, what is a p-value?
On which continent is the Atacama desert?
At what temperature do Fahrenheit and Celsius agree?
From which language does the word "safari" come?
To which family of instruments does the oboe belong?
For how long did Queen Victoria reign?
According to the Bible, who built the ark?
The Suez canal connects which two seas?
The Rosetta Stone was found by whom?
The human body has how many ribs?
This Swedish inventor endowed a famous set of prizes. Who was he?
What American city is nicknamed the Windy City?
What 1985 film features a time-travelling DeLorean?
What band released the album "Rumours"?
What part of the plant do we eat when we eat a carrot?
What two colours are on the flag of Poland?
Which British prime minister resigned over Suez?
Which actor starred in both Alien and Ghostbusters?
Who is the current monarch of Denmark?
who plays the doctor in the movie about the shark
who sang the original version of respect
when does the school year start in japan
where is the liver in the body
where was casablanca filmed
what is the name of the dog in peter pan
how many episodes are in the first season of friends
who has the most home runs in baseball
who designed the flag of brazil
what are the four chambers of the heart called
what is the meaning of carpe diem
what is the legal drinking age in germany
Are people in cold countries taller?
Do people who drink coffee live longer?
What happens if you eat too many carrots?
What is the evidence for the Loch Ness monster?
What percentage of the brain is water?
Is it bad luck to break a mirror, and where does the belief come from?
What do we know about the lost colony of Roanoke?
What really happened at the Tunguska event?
Are left-handed people more creative?
Does cracking an egg into cold water poach it properly?
What colour is the sun really?
Which is healthier, butter or margarine?
Which of the two came first, the fax or the telephone?
Who benefits from free trade?
What is the role of the central bank, and how does it influence inflation? Mention interest rates.
Give a detailed explanation of how antibiotics work and why resistance develops.
What is supply chain management? Who uses it, and since when?
What were the causes of the fall of Constantinople, and what followed for trade in Europe?
Describe the greenhouse effect. What are the main gases, and where do they come from?
How do the economic indicators unemployment and inflation relate to each other?
What are the main theories about the origin of language?
What are the arguments for and against capital punishment?
How did trade routes influence the spread of religion?
What methods did Socrates use in teaching, and how do they influence schools today?
What is the business model of free apps?
Who are the main characters in Les Miserables and what do they want?
Could you give an overview of the different kinds of tea, where they grow and how they taste?
"""
