"""Frames of prompts that ask for something invented."""

FRAMES = """
Write a story about {thing}.
write me a story about {animal} and {thing}
Write a short story about {animal} who [is afraid of the dark|wants to fly|loses its voice|finds a map|opens a bakery].
Write a {genre} story set in {place}.
Write a {genre} about {topic}.
Tell me a story about {animal} and {animal}.
tell me a story
Tell me a bedtime story about {animal}.
Make up a story in which {thing} [comes to life|saves the day|is never found|grants wishes].
Invent a legend that explains why {topic} exist.
Invent a myth about the origin of {topic}.
Create a short tale where {name} meets {animal} in {place}.
Compose a story that begins with the line "Nobody had seen {name} since the storm."
Continue this story: {name} opened the door and there was {thing} on the floor.
Continue the story: It was the last train to {place}, and {name} was the only passenger.
Finish this story for me. {name} had always been told never to touch {thing}. One night...
Write the opening paragraph of a {genre} novel.
Write the first chapter of a novel about {topic}.
Write the ending of a {genre} where {name} must choose between {thing} and {thing}.
Write a flash fiction piece about {emotion}.
Write a scene in which {name} and {name} argue about {topic}.
Write a scene: {name} finds {thing} in the attic.
Write a dialogue between {thing} and {thing}.
Write a dialogue between {animal} and {animal} about {topic}.
Write a conversation between {person} and {person} about {topic}.
Imagine a conversation between {person} and {character}. What would they say?
Write a monologue for {character} who has lost {thing}.
Write a poem about {topic}.
write a poem about {emotion}
Write a short poem about {thing}.
Write me a love poem for someone who likes {topic}.
Write a sad poem about {topic} in {place}.
Write a funny poem about {food}.
Write a haiku about {topic}.
haiku about {topic}
Compose a haiku on {emotion}.
Write a limerick about {animal} from {place}.
Write a sonnet about {topic}.
Compose a ballad about {person}.
Write a free verse poem about {emotion} and {topic}.
Write four lines of verse about {topic}.
Write a rhyming couplet about {thing}.
Create an acrostic from the name {name}.
Write an ode to {food}.
Write a lullaby about {topic}.
Write song lyrics about {emotion}.
Write a rap about {topic}.
Write a country song about {thing}.
Write a chorus for a song called "{name} in {place}".
Come up with lyrics for a punk song about {topic}.
Give me a rhyme about {animal}.
Write a nursery rhyme about {food}.
Make up a joke about {topic}.
Tell me a joke about {animal}.
tell me a joke
Tell me something funny about {topic}.
Write a stand-up bit about {topic}.
Write a pun about {food}.
Write a parody of a cooking show with {animal} as host.
Write a satirical news article about {topic}.
Write a fake news headline about {animal} in {place}.
Write a comic strip script about {animal} and {thing}.
Write a short play about {emotion}.
Write a script for a short film about {topic}.
Write a film pitch about {topic}.
Pitch me a TV series set in {place}.
Pitch a video game about {topic}.
Design a board game about {topic}.
Design a fictional planet where {topic} are sacred.
Invent a new holiday about {topic} and describe how people celebrate it.
Invent a new sport that uses {thing}.
Invent a new animal that is half {animal} and half {animal}.
Invent a word for the feeling of {emotion} on a train.
Invent a superhero whose power is {topic}.
Invent a recipe that a dragon would cook for {name}.
Invent a cocktail inspired by {place}.
Dream up a restaurant where every dish is about {topic}.
Imagine a world without {topic}. Describe a day in it.
Imagine that {topic} could talk. What would they complain about?
Imagine a city built entirely on {topic} and describe it.
Imagine {place} in the year 2400 and paint a picture of it in words.
Imagine you found {thing} in the desert. Write what happens next.
Describe a sunset over {place} as vividly as you can.
Describe an imaginary market where people sell {emotion}.
Describe a dream in which {person} rides {animal}.
Describe a house that is afraid of its owner.
Describe the smell of rain in a way nobody has before.
Describe a colour that does not exist.
Describe {emotion} without naming it.
Write a descriptive paragraph about {place} in winter.
Write a letter from {animal} to its owner.
Write a letter from a soldier to his sister in {year}.
Write a love letter from {thing} to {thing}.
Write a letter to my younger self about {emotion}.
Write a postcard from {place} by someone who hates travelling.
Write a diary entry of {character}.
Write a diary entry of a girl living in {place} in {year}.
Write a journal entry from the point of view of {animal}.
Write a eulogy for {thing}.
Write an obituary for {topic}.
Write a toast for the wedding of {name} and {name}.
Write a best man speech for {name}, who loves {topic}.
Write a speech that inspires people to care about {topic}.
Write a persuasive speech about {topic}.
Write an inspiring graduation speech.
Write a blog post about a weekend in {place}.
Write an engaging blog post about {topic}.
Write an opinion piece on {topic}.
Write a personal essay about {emotion}.
Write an essay on what {thing} taught me.
Write a fictional interview with {person}.
Write a film review of a movie that does not exist about {topic}.
Write a review of {food} as if it were an opera.
Write a product description for {product} that makes people laugh.
Write a catchy ad for {product}.
Write an advertisement for {product}.
Write a radio commercial for {product}.
Write a tagline for {product}.
Write a slogan for {product}.
Give me a slogan for {product}.
slogan for {product}
Come up with a catchy slogan for a campaign about {topic}.
Come up with a name for {product}.
Come up with names for a band that plays {topic}.
Come up with a title for a book about {topic}.
Come up with {n} names for {product}.
Come up with a creative way to propose in {place}.
Come up with an original plot twist for a {genre}.
Come up with an excuse for being late that involves {animal}.
Think of a fun name for a cat who likes {food}.
Think of a metaphor for {emotion}.
Suggest names for {product}.
Suggest a title for a poem about {topic}.
Suggest some creative gift ideas for someone who loves {topic}.
Suggest a theme for a party inspired by {place}.
Brainstorm ideas for a short film about {emotion}.
Brainstorm ways to make {topic} fun for {audience}.
Brainstorm {n} ideas for {product}.
I need ideas for a birthday party about {topic}.
I need a name for my new boat. I like {topic}.
i need a funny caption for a photo of {animal}
Give me ideas for a painting about {emotion}.
Give me an idea for a story with {thing} and {animal}.
Give me a writing prompt about {topic}.
Give me a plot for a {genre} set in {place}.
Give me a villain for my {genre} novel. What does he want, and why?
Give me {n} funny captions for a picture of {animal} with {thing}.
Give me a metaphor that compares {topic} to {food}.
Give my character {name} a tragic backstory.
Create a character for a {genre}.
Create a fantasy world where {topic} are used as money.
Create a magical creature that lives in {place}.
Create a fable with {animal}, {animal} and a moral.
Create a riddle about {thing}.
Create a prophecy for a {genre} novel.
Create a menu for a restaurant run by {character}.
Create an Instagram caption for a photo of {place}.
Create a tongue twister with the word "{name}".
Make a poem out of the words {list}.
Make up a ghost story for the campfire.
Make up a conspiracy theory about {animal}, just for fun.
Make up an alien language greeting and explain it.
Make up a new constellation and the legend behind it.
Rewrite the ending of Romeo and Juliet so that everybody lives.
Retell Cinderella as a {genre}.
Retell the story of the tortoise and the hare in {place} today.
Turn the history of {topic} into a fairy tale.
Turn {emotion} into a character and let it speak.
Mix {genre} and {genre} into one short story.
Let's write a story together. I start: {name} woke up and the sea was gone.
I'm writing a {genre} and I'm stuck. My hero {name} is trapped in {place}. What could happen next?
I want a poem for my mother's 60th birthday. She loves {topic}.
I'd love a little verse for a card to {name}, who is ill.
Can you write a story about {thing}?
Can you write me a poem about {topic}?
can u write a song about {topic}
Can you make up a bedtime story with {name} and {animal} in it?
Can you come up with a motto for my family?
Could you write something beautiful about {emotion}?
Could you invent a game for a long car ride?
Please write a short tale about {animal} and {emotion}.
Please make a poem about {food}.
Would you write a story where the villain wins?
Surprise me with a very short story.
story about {thing}
poem about {topic}
a bedtime story with {animal} please
a love song for {name}
two line poem, {topic}
funny wedding vows for two people who love {topic}
short story idea: {animal} + {thing}
What would {animal} write in its diary?
What would a newspaper in the year 3000 say about {topic}?
What would happen if {topic} could sing? Tell it as a story.
What would a love letter between the sun and the moon say?
What might a robot dream about? Write it down.
What's a good name for a detective novel set in {place}?
what should i call my podcast about {topic}
What could a flag for {topic} look like?
How would {character} describe {food}? Write it as a little scene.
How might a fairy tale about {topic} begin?
Draft a short story about {emotion} in {place}.
Draft a whimsical invitation to a tea party for ghosts.
Draft a fictional travel guide to a city under the sea.
Draft the lyrics of a shanty about {topic}.
Paint me a picture in words of {place} at dawn.
Spin me a yarn about {thing}.
Weave {thing}, {animal} and {place} into one tale.
Craft a story about {emotion} with an unexpected ending.
Craft a villain's monologue about {topic}.
Craft a poem that captures {emotion}.
Craft a compelling opening line for a {genre}.
Craft a metaphor for time.
Compose a song about leaving home.
Compose a short poem on the theme of {emotion}.
Compose a fairy tale in which the princess saves the dragon.
Compose an engaging article about a journey through {place}.
Generate a story about {topic}.
Generate a random character for a role-playing campaign.
Generate ideas for a mural about {topic}.
Generate a creative name for {product}.
Generate some puns about {food}.
Develop a plot for a {genre} about two rival bakers.
Develop a character who collects {thing}.
Produce a short piece of fiction about {emotion}.
Show me a day in the life of {thing}.
Put {emotion} into verse.
Entertain me with a tale about {place}.
Make me laugh.
Write something that would make a tired nurse smile.
Write something scary in two sentences.
Write a two-sentence horror story.
Write a six-word story.
Write a story in exactly 100 words about {thing}.
Write a 200 word story about {animal}.
Write a story of about {words} words about {emotion}.
Write a poem of three stanzas about {topic}.
Write an eight line poem about {thing}.
Write a children's story about sharing.
Write a children's book about {animal} who learns about {topic}.
Write a poem for {audience} about {topic}.
Write a story without any dialogue about {emotion}.
Write a story told backwards.
Write a story from the perspective of {thing}.
Write a story from the point of view of {animal} living in {place}.
Write a first-person account of the last day of {place}.
Write a story where the main character is {character}.
Write a poem in the style of {person}.
Write about {emotion}.
Write about a town where it never stops raining.
Write about a child who can hear what {topic} think.
Write about a chance encounter on a night bus.
Write a myth in which the stars are the eyes of {animal}.
Write a mysterious message in a bottle.
Write a dramatic scene between a king and his daughter who wants to be a sailor.
Write a humorous horoscope for programmers.
Write a fortune cookie for {name}.
Write a greeting card for a friend who moved to {place}.
Write a cheer for the school team, the {animal}s.
Write a motivational quote about {topic}.
Write a creation myth.
Write a suspenseful paragraph that ends with a knock at the door.
Write a romantic scene on a broken elevator.
Write a backstory for an innkeeper with a secret.
Write a campfire song.
Write a trailer voice-over for a movie about {topic}.
Write a tweet from {animal} who just discovered {food}.
Write an alternate history in which {person} was born in {place}.
Write an epic battle between {food} and {food}.
Write an adventure for three friends, {thing} and a storm.
Write some dialogue for two old friends who meet after thirty years.
Write a villain song for a musical about {topic}.
Write a museum label for an object from a civilisation that never was.
Write a recipe for happiness.
Write a spell to find lost socks.
Write vows for a robot wedding.
A lonely lighthouse keeper finds {thing}. Tell the story.
A time machine breaks down in {place} in {year}. Write what happens.
The moon falls in love with a street lamp. Write their story.
The last bookshop on Earth is closing. Describe its final hour.
{name} wakes up able to talk to {topic}. Write the scene.
In a world where nobody sleeps, someone yawns. Continue.
Once upon a time there was {animal} who owned {thing}. Go on.
For my niece's birthday I'd like a tiny story with {animal}, {thing} and a happy end.
My band needs a name and a first song. We sound like rain on a tin roof.
We are opening {product} next month and need a name that sticks.
Our school is putting on a play about {topic}. Write a funny opening scene.
Help me write a poem for {name}.
Help me brainstorm a setting for a {genre}.
Help me come up with a twist for my story about {thing}.
Help me name my {product} company.
Give a voice to {thing}: what does it say at night?
Propose a concept for an art installation about {topic}.
Propose a creative marketing campaign for {product}.
Propose an unusual first date in {place}.
Envision a future in which {topic} rule the world and write a short scene from it.
Reimagine {person} as a modern-day influencer and write a post.
Reinvent Little Red Riding Hood with {animal} as the hero.
"""
