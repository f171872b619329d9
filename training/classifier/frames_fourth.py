"""Frames added because inputs, details and plain polite wrappings were signs of Instruction-heavy alone; and what leads such inputs in."""

CREATIVE = """
Write a poem inspired by the following text.\\n\\n{passage}
Write a song about what is told here.\\n\\n{passage}
Write a funny story from these notes.\\n\\n{list}
Write an exciting trailer text for this story.\\n\\n{passage}
Write a catchy advertisement from the following details.\\n\\nProduct: {product}\\nPrice: ${big}
Write an attractive description for the following listing. Make up what is missing.\\n\\n{thing}, {place}, ${big}
Write a charming caption for a photo.\\n\\nPhoto: {animal} in {place}
Write a witty reply to this message.\\n\\n{sentence}
Write an imaginative continuation of the following.\\n\\n{passage}
Write an enthusiastic post about the following news.\\n\\n{passage}
Write a convincing pitch to sell the following.\\n\\n{product}
Write a cheerful greeting based on the following facts.\\n\\nName: {name}\\nLikes: {topic}
Write a short bio full of humour for the following person.\\n\\n{name}, {job}, likes {food}
Write a glowing review from these keywords.\\n\\n{food}, cosy, friendly, cheap
Write a travel blog entry from these notes.\\n\\n{place}, {food}, {animal}, rain
Write a playful slogan for the shop described below.\\n\\n{product}
Write an opening line for a novel with the following setting.\\n\\nSetting: {place}, {year}
Write dialogue for the following scene.\\n\\nScene: {name} and {name} find {thing}
Continue the following story.\\n\\n{passage}
Continue the following poem.\\n\\nThe {animal} went out one night
Continue the lyrics.\\n\\nOh {place}, I am coming home
Complete the following joke.\\n\\nA {job} and a {job} walk into a bar
Complete the story.\\n\\n{name} found {thing} under the bed.
Create a catchy name for the following business.\\n\\n{product}
Create a funny nickname for the following person.\\n\\n{name}, a {job}
Create a fun story for kids based on the given topic.\\n\\n{topic}
Create a memorable tagline for the following event.\\n\\na concert in {place}
Create a rap from this text.\\n\\n{passage}
Create a post that makes people curious.\\n\\nTopic: {topic}
Come up with a nice title for the following story.\\n\\n{passage}
Come up with names for the group described below.\\n\\nWe like {topic} and meet on Fridays.
Come up with a twist for the following plot.\\n\\n{passage}
Come up with a fun fact that is not true about the given animal.\\n\\n{animal}
Come up with interesting names for a character.\\n\\nThe character is a {job} from {place}.
Invent a product for the given problem.\\n\\nProblem: lost keys
Invent a story behind the given picture.\\n\\nPicture: {thing} on a bench
Invent a holiday for the given date.\\n\\n{small} May
Give the character a voice.\\n\\nCharacter: {character}
Give the following product a name that people remember.\\n\\n{product}
Give me a fresh idea for the following event.\\n\\na party for a {job}
Suggest captions for the following picture.\\n\\n{animal} wearing a hat
Suggest a plot for the given genre.\\n\\nGenre: {genre}
Suggest a creative solution to the following problem.\\n\\nThere is no room for {thing}.
Suggest a fun activity around the given theme.\\n\\nTheme: {topic}
Think of a slogan for the following brand.\\n\\n{product}
Think of an original gift for the following person.\\n\\nA {job} who loves {topic}
Make a poem out of the following text.\\n\\n{passage}
Make up a dialogue between the given people.\\n\\n{person}, {person}
Make up a rhyme with the given words.\\n\\n{list}
Make up a legend for the given place.\\n\\n{place}
Tell a story in which the following happens.\\n\\n{sentence}
Tell a joke about the given thing.\\n\\n{thing}
Turn the following text into a fairy tale.\\n\\n{passage}
Turn the following news into a poem.\\n\\n{passage}
Use the words to tell a little story.\\n\\n{list}
Describe the given scene so that one can smell it.\\n\\nScene: a market in {place}
Design a logo idea for the following company and describe it.\\n\\n{product}
You are given three words. Let them inspire a poem.\\n\\n{list}
You are given a picture description. Tell the story behind it.\\n\\n{animal}, {thing}, night
You need to find a good name for the {product}. What about something funny?
Please help with an idea for a fun video about {topic}.
It would be great if you could write a funny poem for {name}.
It would be nice to have some creative names for {product}.
I would appreciate a moving speech about {emotion}.
I am looking for a beautiful opening for my novel about {topic}.
I am writing a play about {topic} and need a comic scene with {name} and {name}.
I want to surprise {name} with a poem. She likes {topic} and {food}.
We want a slogan that makes people smile when they think of {product}.
We need a fun story to tell at the campfire.
A good title makes people stop. Find one for a story about {thing}.
A bedtime story should calm. Tell one with {animal}.
"""

FACTUAL = """
Explain the following text to me: what is it about in real life?\\n\\n{concept}
Answer the question.\\n\\nQuestion: What is {concept}?\\nAnswer:
Tell me more about the following animal.\\n\\n{animal}
Tell me what is known about the following.\\n\\n{topic}
Give information on the given subject.\\n\\n{topic}
Give some tips on the following topic.\\n\\n{topic}
Give the history of the given place.\\n\\n{place}
Give the meaning of the following saying.\\n\\nto let the cat out of the bag
Describe the given person.\\n\\n{person}
Describe the following place for a traveller.\\n\\n{place}
What do you know about the following?\\n\\n{topic}
What are the ingredients of the following dish?\\n\\n{food}
Which works are by the given person?\\n\\n{person}
I am reading an article and do not know this word: {concept}. What does it mean?
I would appreciate some information about {topic}.
I am looking for facts about {place}.
It would be helpful to know how {topic} came about.
Please let me know when {person} lived and what for.
Please tell me more about {topic}, for example where they come from.
Please share some advice on {topic}.
Would you mind telling me what {concept} is?
You mentioned {concept}. What is that?
"""

ROLE = """
You are a {job}. Read this and tell me what you think.\\n\\n{passage}
You are a {job}. Here is my letter:\\n\\n{passage}\\n\\nWhat do you advise?
As a {job}, comment on the following.\\n\\n{passage}
As {character}, react to this news.\\n\\n{passage}
Act as a {job} and answer this letter.\\n\\n{passage}
Act as a {job}. My situation: {passage}
Pretend to be {character} and read this aloud in your own words: {sentence}
Imagine you are {character}. Someone tells you: "{sentence}" What do you reply?
I want you to act as a {job}. I will give you a text and you will judge it. {passage}
Be my {job} and look at this: {sentence}
"""

# Between a prompt and what is given with it.
LEADS = ("\n\n", "\n\n", "\n", "\n\nText: ", "\n\nContext: ", "\n\nDetails: ", "\nBackground: ", "\n\nNotes:\n", "\n\nHere is some material: ")
