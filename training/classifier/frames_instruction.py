"""Parts of prompts with requirements: a task and demands on its answer, or a given text to be worked on, or both in one frame."""

# What is asked; demands from DEMANDS follow (two to four) or lead.
TASKS = """
Write a summary of {topic}
Write a paragraph about {topic}
Write a story about {thing}
Write a poem about {topic}
Write a short essay on {topic}
Write an article about {topic}
Write a description of {place}
Write a product description for {product}
Write an email to {name} about {topic}
Write a letter to my landlord about the heating
Write a blog post about {topic}
Write a cover letter for a job as {job}
Write a recipe for {food}
Write a review of {product}
Write a song about {topic}
Write a report on {topic}
Write a speech about {topic}
Write a tweet about {topic}
Write a riddle about {thing}
Write a limerick about {animal}
Write instructions for making {food}
Write a resume for a {job}
Write a job advertisement for a {job}
Write a press release for {product}
Write a rubric for grading essays about {topic}
Write an itinerary for {n} days in {place}
Write a proposal for a project about {topic}
Write a dialogue between {name} and {name} about {topic}
Explain {concept}
Explain {topic} to {audience}
Explain how {topic} work
Describe {topic}
Describe {place}
Describe the steps to make {food}
Compare {topic} and {topic}
Compare {concept} with {concept}
List {n} facts about {topic}
List {n} famous people from {place}
List the main parts of {topic}
List {n} reasons to visit {place}
List the ingredients of {food}
Give me {n} tips for {topic}
Give me {n} names for {product}
Give an overview of {topic}
Give me a packing list for {place}
Give a weekly meal plan for {audience}
Give me a workout plan for {audience}
Create a table of {topic}
Create a timetable for {audience}
Create a quiz about {topic}
Create a checklist for a trip to {place}
Create a weekly schedule for learning {topic}
Create a shopping list for {food}
Create an outline for a talk on {topic}
Make a list of {n} books about {topic}
Make a study plan for {topic}
Draft an email to {name} that says the meeting about {topic} moves to Friday
Draft a memo to {audience} about {topic}
Draft a privacy notice for {product}
Draft meeting minutes on {topic}
Summarize the history of {topic}
Summarize the life of {person}
Tell me about {person}
Tell me about {topic}
Tell me a joke about {animal}
Name {n} animals
Name {n} cities in {place}
Answer the question: what is {concept}?
Answer this question about {topic}: why do they matter?
What is {concept}?
What are {n} uses of {thing}?
Who was {person}?
How do I make {food}?
Why are {topic} important?
Can you explain {topic}?
Can you write a summary of {topic}?
Can you list {n} kinds of {topic}?
Could you give me a plan for {n} days in {place}?
I need a short text about {topic}
I would like a list of {n} {topic}
I need a biography of {person}
Please write a note about {topic}
Please provide a plan for a workshop on {topic}
Generate a list of {n} ideas for {product}
Generate a business plan for {product}
Generate {n} questions about {topic}
Plan a birthday party for {name}
Plan a week of dinners with {food}
Prepare a lesson on {topic} for {audience}
Prepare an agenda for a meeting about {topic}
Produce a glossary of {topic}
Design a poster text for {product}
Develop a training plan for {audience}
Outline a {n} week course on {topic}
Provide a guide to {topic}
Compose an announcement about {topic}
Brainstorm {n} titles for a book on {topic}
"""

# Demands, as sentences; they are joined in any order.
DEMANDS = """
Use exactly {n} bullet points.
Use {n} bullet points, each under {small} words.
Use bullet points.
Use numbered steps.
Use a numbered list.
Use markdown headings.
Use only lowercase letters.
Use no commas.
Use at most {words} words.
Use at least {words} words.
Use the word "{thing}" at least {small} times.
Use short sentences only.
Use simple words.
Use a formal tone.
Use a table with {small} columns.
Use British spelling.
Use no adjectives.
Use the metric system.
Use two levels of headings.
Use exactly {n} sentences.
Write in exactly {n} sentences.
Write it in {n} paragraphs.
Write in {lang}.
Write everything in capital letters.
Write entirely in lowercase.
Write no more than {words} words.
Write less than {words} words.
Write at least {words} words.
Write in the third person.
Write in the present tense.
Write each item on its own line.
Do not use the letter "{letter}".
Do not use any commas.
Do not use the words "very" and "good".
Do not use bullet points.
Do not mention {topic}.
Do not mention any names.
Do not include an introduction.
Do not add any explanation.
Do not exceed {words} words.
Don't repeat any word.
Don't use any punctuation.
Never use the word "{name}".
Avoid jargon.
Avoid the passive voice.
Avoid the word "the".
Include a title.
Include the words {list}.
Include at least {small} examples.
Include the keywords {topic} and {topic}.
Include a table.
Include a short conclusion.
Include at least {small} placeholders in square brackets.
Include one quotation.
Include prices in dollars.
Each sentence must start with the letter {letter}.
Each line must have {n} words.
Each paragraph should have {small} sentences.
Each bullet must begin with a verb.
Each item should have a name, a price and a one-line note.
Every sentence must end with a question mark.
Every step must be at most {n} words.
Start with the word "{name}".
Start each line with a dash.
Start with a one-sentence summary.
Start every paragraph with a question.
Begin with a heading.
End with a question.
End with the exact phrase "That is all."
End with a call to action.
Finish with a one-line summary.
Format the answer as JSON.
Format it as a markdown table.
Format as a two-column table.
Format your answer as a numbered list.
Format the output as CSV with a header.
Return only JSON with the keys name and year.
Return only the list, nothing else.
Return valid XML.
Return a YAML file.
Output only the answer.
Output as CSV.
Output valid JSON and nothing else.
Respond with a single word.
Respond in {lang} only.
Respond in no more than {n} lines.
Respond with JSON.
Reply in one sentence.
Reply with yes or no first, then give one reason.
Answer in exactly {n} words.
Answer in {n} sentences.
Answer with a list of {n} items.
Answer only with yes or no.
Your answer must contain exactly {n} bullet points.
Your answer must be in all lowercase letters.
Your answer should be between {words} and {words} words.
Your response should have {n} sections, each with a heading.
Your response should contain at least {n} sentences.
The answer must fit in a tweet.
The response must be a haiku.
The response must contain exactly {n} paragraphs, separated by ***.
The text should be under {words} words.
The first word must be "{name}".
The last word must be "{name}".
The tone should be friendly.
The tone must be professional and polite.
The table should have the columns name, use and price.
The title must be wrapped in double quotes.
Wrap the whole answer in double quotes.
Put the key terms in bold.
Put each item in quotation marks.
Highlight the dates in bold.
Sort the items alphabetically.
Sort them by year, newest first.
Order them from cheapest to dearest.
Number the lines.
Number each step.
Group them by type.
Separate the items with semicolons.
Separate the sections with a line of three dashes.
Give the source for each item.
Give exactly {n} items.
Give one example for each point.
Give each item in the form "name: reason".
Give your answer in the form of a table.
Keep it under {words} words.
Keep each bullet to one line.
Keep sentences under {n} words.
Keep the tone neutral.
Limit each answer to {small} sentences.
Limit yourself to {words} words.
Make sure that every line rhymes.
Make sure to mention {place} at least {small} times.
Make it exactly {words} words.
Make the third sentence a question.
Must be in {lang}.
Must have at least {n} sentences.
Must rhyme.
No more than {n} items.
No introduction, no conclusion.
No emojis.
No capital letters are allowed.
No word may appear twice.
Only use words of one syllable.
Only include items under ${big}.
Exactly {n} lines.
At most {words} words.
At least {n} hashtags at the end.
Maximum {words} words.
One item per line.
One line for each day.
In exactly {n} bullet points.
In a table.
In JSON format.
In {lang}.
In under {words} words.
In two paragraphs.
With headings for each section.
With exactly {n} steps.
First give a definition, then an example, then an exercise.
First list the facts, second compare them, third recommend one.
Step 1: name the topic. Step 2: give two facts. Step 3: ask a question.
Then translate it into {lang}.
Then add a one-sentence summary.
Mark each point as easy, medium or hard.
Mention {name} exactly once.
Mention {topic}, {topic} and {topic} in this order.
Leave a blank line between the items.
Add a heading above each part.
Add a column with the year.
Add the time needed for every step.
Cover the following points: cost, time, risk.
Follow this structure: problem, cause, solution.
Follow this format: Title, Author, Year.
Stick to the format "Q:" and "A:".
Replace every number by a word.
Spell out all numbers.
Skip the greeting.
Assign a rating from 1 to 5 to each.
Address it to {name} and sign as {name}.
"""

# Short demands that follow the task within its sentence.
TAILS = """
in exactly {n} sentences
in {n} bullet points
in exactly {n} bullet points, each starting with a verb
in under {words} words
in no more than {n} sentences and without the word "{name}"
in a table with the columns name, year and country
in JSON with the keys "name" and "reason"
as JSON
as a JSON object
as a JSON array of strings
as a markdown table
as a numbered list with {n} items
as CSV
as a table with {small} columns
as a bulleted list in alphabetical order
as a checklist, one item a line
as a YAML file
as an HTML page with a heading and a list
using exactly {n} words
using only words that start with {letter}
using no more than {words} words and no commas
using at least {words} words and {small} headings
without using the letter {letter}
without commas
with exactly {n} lines and no title
with a title, {n} sections and a conclusion
with {n} steps, each of one sentence
with one sentence a paragraph, {n} paragraphs
in {lang}, in {n} sentences
in alphabetical order, separated by commas
in all capital letters
in lowercase only, no punctuation
, one per line, sorted by name
, each on its own line with a number in front
, at most {words} words, with a heading
, then translate it to {lang}
, then list {n} key words
, and end with a question
that has {n} paragraphs and the word "{name}" in each
that contains the words {list}
that starts and ends with the same word
consisting of exactly {n} sentences of {n} words
"""

# Whole frames: a given text or data to work on, code to a specification, functional writing.
FRAMES = """
Rewrite this sentence in a [formal|friendly|polite|simpler] [tone|style]: {sentence}
Rewrite the following in the passive voice: {sentence}
Rewrite the text so that a child understands it.\\n\\n{sentence}
rewrite this to sound more professional: {sentence}
Rephrase: {sentence}
Rephrase the following sentence without changing its meaning.\\n{sentence}
Paraphrase this: "{sentence}"
Paraphrase the paragraph below.\\n\\n{sentence}. {sentence}.
Shorten this to {n} words: {sentence}
Shorten the following text.\\n{sentence}. {sentence}.
Make this more concise: {sentence}
make this sound better: {sentence}
Make the following email more polite.\\n\\n{sentence}
Improve the style of this sentence: {sentence}
Expand the following notes into a paragraph: {list}
Correct the grammar: {sentence}
Correct the spelling mistakes in this text.\\n\\n{sentence}
correct this: {sentence}
fix grammar: {sentence}
Fix the punctuation in the following sentence: {sentence}
Proofread this: {sentence}
Proofread the paragraph and mark the errors.\\n\\n{sentence}
Edit this paragraph for clarity.\\n{sentence}. {sentence}.
Change the following sentence to the past tense: {sentence}
Change all verbs to the future: "{sentence}"
Replace the adjectives in this sentence by their opposites: {sentence}
Replace each number with a word: {sentence}
Turn this into a question: {sentence}
Turn the notes into an email.\\n{list}
Turn the list into a sentence: {list}
Translate to {lang}: {sentence}
translate into {lang}: {sentence}
Translate the following sentence into {lang}.\\n\\n{sentence}
Translate "good morning, how are you" into {lang}, {lang} and {lang}.
How do you say "{sentence}" in {lang}?
Summarize the following text in one sentence: {sentence}. {sentence}.
Summarize this email.\\n\\n{sentence}. {sentence}. {sentence}.
Summarise the text below in {n} bullet points.\\n\\n{sentence}. {sentence}. {sentence}.
summarize: {sentence}. {sentence}.
TL;DR of this please: {sentence}. {sentence}.
Give this article a headline: {sentence}. {sentence}.
Extract all names from the text: {sentence}
Extract the dates and places from this text and list them.\\n{sentence}
Extract the key points: {sentence}. {sentence}.
Extract the numbers from the following as JSON: {sentence}
Find all verbs in this sentence: {sentence}
Find the keywords in the following text.\\n\\n{sentence}. {sentence}.
Find a synonym for every noun in this: {sentence}
Identify the subject and the object of the sentence: {sentence}
Identify the tone of this message. {sentence}
Underline the verbs: {sentence}
Highlight the nouns in the sentence: {sentence}
Classify the following review as positive, negative or neutral: {sentence}
Classify each item as animal, plant or mineral: {list}
Classify the sentiment.\\n\\nText: {sentence}\\nSentiment:
Label the text as spam or not spam.\\n\\n{sentence}
Categorize these items into groups: {list}
Tag each word with its part of speech: {sentence}
Decide if the message is a complaint. Output yes or no.\\n\\n{sentence}
Is the following review positive or negative? Answer with one word.\\n{sentence}
Rate the sentence from 1 to 10 for politeness: {sentence}
Detect the language of this sentence: {sentence}
Sort these alphabetically: {list}
Sort the following from smallest to largest: {list}
sort this list: {list}
Order the words by length: {list}
Put these in alphabetical order, one per line: {list}
Put the words in order to make a sentence: rain, the, in, walked, {name}
Arrange the following in a table: {list}
Reverse the order of this list: {list}
Remove the duplicates from the list: {list}, {list}
Count the words in the sentence: {sentence}
Count the vowels: {sentence}
Capitalize every word: {sentence}
Convert to uppercase: {sentence}
Convert this list to JSON: {list}
Convert the following data into a CSV table with a header.\\n\\n{list}
Convert the dates to the form day/month/year: {list}
Convert {big} miles to kilometers and show the result as a table.
Convert this {code} snippet to {code}: print("{name}")
Convert the sentence to pig latin: {sentence}
Format the following as a bulleted list: {list}
Format this address correctly: {name} 12 main st {place}
Make a table out of this: {list}
Make a two-column table of {topic} and their uses.
Make flashcards, question on the left and answer on the right: {topic}
Make a sentence with the words {list}.
Form a sentence with each of these words: {list}
Write a sentence that contains {list}.
Write a sentence using all of the following words: {list}
Use the words in one sentence each: {list}
Generate a sentence that uses these words: {list}
Generate a sentence with the concepts: {list}.
Fill in the blanks: {name} ___ to the market and ___ some {unit}.
Fill in the template.\\n\\nDear [name], thank you for [item]. Regards, [sender].\\nname: {name}; item: {thing}
Fill in the missing word: The {animal} ___ over the fence.
Complete the table: country, capital, language for {place}, {place} and {place}.
Complete the following form with made-up data: name, street, city, phone.
Match each country with its capital: {place}, {place}, {place}.
Add punctuation: {sentence}
Add a polite closing to this email: {sentence}
Split the sentence into words separated by slashes: {sentence}
Split the text into sentences and number them.\\n{sentence}. {sentence}.
Merge these two sentences into one: {sentence}. {sentence}.
Repeat the word {name} {n} times, separated by commas.
Repeat the sentence exactly: {sentence}
Say hello in {n} languages, one per line.
Print the numbers from 1 to {big}, but skip the multiples of {small}.
Count from {big} down to 1 in {lang}.
List exactly {n} {topic}, one per line, no numbering.
List {n} {topic} in alphabetical order.
List {n} words that rhyme with "light", separated by commas.
List {n} words that start with {letter}.
List the days of the week in {lang}, separated by semicolons.
Give me {n} words that start with "{letter}" and end with "e".
Give me {n} synonyms for "happy".
Give me exactly {n} adjectives for {place}, in lowercase, separated by commas.
Name {n} fruits, each with a color, as "fruit - color".
Name {n} countries without the letter {letter}.
Write exactly {n} sentences about {topic}.
Write exactly {words} words on {topic}, no more and no less.
Write {n} sentences, each of {n} words.
Write a sentence in which every word starts with {letter}.
Write a sentence without the letter e.
Write a paragraph on {topic} with no commas.
Write a haiku about {topic}, all lowercase, with the word "{name}" in the second line.
Write a poem about {topic} in which each line starts with the next letter of the alphabet.
Write an acrostic poem for {name}, each line exactly {n} words, no punctuation.
Write a story of exactly {words} words with the words {list}, in the present tense.
Write a function in {code} that reverses a string.
Write a {code} function that takes a list of numbers and returns the largest.
Write a function that returns the n-th Fibonacci number.
Write a function to find the {small} largest items of a list.
Write a {code} program that prints the numbers from 1 to {big}.
Write a program in {code} that reads a file and counts the words.
Write a script that renames all files in a folder by date.
Write a {code} script to download a page and save its links.
Write a class in {code} for a bank account with deposit and withdraw.
Write a regular expression that matches an email address.
Write a regex for dates like {year}-01-31.
Write an SQL query that finds the {n} customers with the highest total.
write a sql query to get all users who signed up last month
Write a unit test for a function that adds two numbers.
Write HTML for a page with a header, a form with two fields and a button.
Write the CSS to make a button round and blue.
Write a shell command that finds all files larger than {big} MB.
Write a bash one-liner that counts the lines of all .txt files.
Write a Dockerfile for a {code} application.
Write a makefile with the targets build, test and clean.
Write a git commit message for a change that fixes a crash.
Write pseudocode for binary search.
Write a JSON schema for a person with name, age and email.
Write an API endpoint in {code} that returns a list of {unit}.
Write code to sort a dictionary by value in {code}.
Write an Excel formula that adds column A where column B is "yes".
Write comments for this code: def f(x): return x * {small}
Implement a stack in {code} with push, pop and peek.
Implement binary search in {code}.
Implement a queue using two stacks.
Implement an LRU cache with get and put in O(1).
Create a {code} class named Car with the fields speed and color.
Create a responsive web page with a navigation bar and three columns.
Create an SQL table for books with title, author and year.
Create a regular expression for phone numbers.
Code a simple calculator in {code}.
code for bubble sort in {code}
Develop a {code} program that reads text files and returns the five most frequent words.
Design a REST API for a library; list the endpoints with method, path and response.
def count_{letter}(text: str) -> int:\\n    \"\"\"Count how often {letter} occurs in text.\\n    >>> count_{letter}("abc")\\n    1\\n    \"\"\"
from typing import List\\n\\ndef largest(xs: List[int]) -> int:\\n    \"\"\" Return the largest number.\\n    \"\"\"
Complete this function: def mean(xs):
Add error handling to this {code} code: data = open("{name}.txt").read()
Refactor this code so that it is shorter: if x == True: return True else: return False
Optimize this {code} function: for i in list: if i not in out: out.append(i)
Translate this {code} to {code}: for i in range({n}): print(i)
Write an email to my boss asking for two days off next week.
write an email to {name} that i will be late tomorrow
Write an email to a customer whose parcel was lost. Apologise, offer a refund and give a phone number.
Write a polite email to {name} to decline the invitation and suggest another date.
Write an email that introduces {name} to {name}.
Write a follow-up email after an interview for the position of {job}.
Write a resignation letter with four weeks' notice.
Write a letter of recommendation for {name}, who applies as a {job}.
Write a complaint to the airline: flight cancelled, no hotel, ask for ${big}.
Write a cover letter for the position of {job}. I have {n} years of experience and speak {lang}.
Write a thank-you note to {name} for {thing}.
Write a notice for the door: closed until Monday, call {name}.
Write a calendar entry for a meeting with {name} at {small} pm on Friday about {topic}.
Write an out-of-office message until the {n}th; urgent matters go to {name}.
Write a contract clause on late payment of {small}%.
Write the minutes of a meeting with {name}, {name} and {name}; topics: budget, hiring, office.
Write a step-by-step guide to setting up {product}, with the time for every step.
Reply to this email and say that we accept: {sentence}
Respond to the following review politely and offer a refund.\\n\\n{sentence}
Draft a reply to {name} that says no, gives two reasons and proposes Tuesday.
Draft an agenda for a {big}-minute meeting with times for each point.
Draft an invoice for {small} hours of work at ${big} an hour.
Create a meal plan for {n} days: three meals a day, no meat, under {big}00 calories.
Create a {n}-day itinerary for {place}: mornings museums, afternoons walks, evenings food, with prices.
Create a table with {n} rows and {small} columns about {topic}.
Create a lesson plan of {big} minutes on {topic}: goal, warm-up, exercise, homework.
Create a spreadsheet layout for a household budget with the columns date, item, amount.
Create a survey with {n} multiple-choice questions about {product}.
Create a checklist with {n} points for moving house, sorted by week.
Create {n} multiple choice questions on {topic} with the right answer marked.
Plan a workshop day from 9 to 5 with {n} sessions, two breaks and lunch; give the times.
Provide the answer in three parts: summary, details, sources. Topic: {topic}.
Provide a table with three columns: term, meaning, example. Terms: {list}.
Provide step by step instructions for installing {product}. Number each step, and put warnings in capitals.
Follow these steps: 1. Read the text. 2. List the nouns. 3. Write one sentence with them. Text: {sentence}
Follow the format below.\\nName:\\nAge:\\nCity:\\nText: {name} is {big} and lives in {place}.
First, list {n} {topic}. Then choose one and describe it in {n} words. Finally, rate it.
Do the following: (a) define {concept}; (b) give an example; (c) write a quiz question.
Given the text below, list all places and dates as a table.\\n\\n{sentence}
Given the following list, return the items with more than four letters: {list}
Given this JSON {{"name": "{name}", "age": {big}}}, return it with the key city set to {place}.
Given a title and a text, decide if they fit together. Answer yes or no.\\n\\nTitle: {topic}\\nText: {sentence}
You are given a sentence. Output it backwards.\\n\\n{sentence}
You will be given a review. Label it positive or negative.\\n\\n{sentence}
In the following text, replace every name with X: {sentence}
In one word, what is the mood of this sentence? {sentence}
Using only the text below, answer the question. Text: {sentence} Question: what happened?
From this list, pick the items that are fruits and return them as CSV: {list}
Here is a text: {sentence}. Remove all adjectives.
Here is my draft: "{sentence}" Make it shorter and friendlier, and keep the date.
Here are some notes: {list}. Arrange them under the headings Now and Later.
Can you rewrite this for me? {sentence}
Can you translate this into {lang}? {sentence}
Can you fix this sentence: {sentence}
can you turn this into a list: {list}
Can you write a {code} function that merges two sorted lists?
Can you make a table of {n} {topic} with name, origin and price?
Could you put these into a table please: {list}
Could you proofread my sentence? "{sentence}"
Could you write a small {code} program that asks for a name and greets it?
Please translate: {sentence}
Please check the grammar of this: {sentence}
Please respond only in {lang}. What is {concept}?
Please answer with yes or no only: is {concept} a kind of {topic}?
Please list {n} {topic}, no descriptions, comma separated.
I need a {code} function which removes duplicates from a list but keeps the order.
I need this text in bullet points: {sentence}. {sentence}.
I want a JSON array with {n} objects, each with the fields id, name and price.
I have a list: {list}. Sort it, remove what is too long, and print it as one line.
I have this sentence: {sentence}. Give me three variants, formal, neutral and casual.
One word answer: what is the opposite of {emotion}?
Yes or no: is {place} in Europe?
True or false, one word: {sentence}.
"""
