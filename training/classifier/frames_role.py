"""Parts of prompts that give the answerer a role: an opening that names it, what is then asked, or both in one frame."""

# The role first, the task after it (from TASKS, or from another category's frames).
OPENINGS = """
You are a {job}.
You are {character}.
You are an experienced {job}.
You are an expert {job} with 20 years of experience.
You are a world-class {job} who helps {audience}.
you are a {job}
You are now a {job}.
You're a {job}.
You're a friendly {job} talking to {audience}.
You are {name}, a {job} from {place}.
You are a strict {job} with high standards.
You are a {job} in {place} in {year}.
You are playing the role of a {job}.
You will be my {job} today.
You will play {character}.
You will act as a {job}.
From now on you are {character}.
from now on, you're a {job}
Act as a {job}.
act as {character}
Act as if you were {character}.
Act like a {job}.
Act as my personal {job}.
I want you to act as a {job}.
I want you to act as {character}.
I want you to play the part of a {job}.
I want you to pretend to be {character}.
I'd like you to be my {job} for a while.
I would like you to take the role of {character}.
Pretend you are {character}.
Pretend to be a {job}.
pretend ur {character}
Pretend that you are a {job} in {place}.
Let's pretend you are {character} and I am your guest.
Let's role-play. You are a {job}, I am the customer.
Let's roleplay: you're {character}.
Let us play a game where you are {character}.
Roleplay as a {job}.
Role-play {character}.
Play the role of a {job}.
Play the part of {character}.
Play {character}.
Take on the role of a {job}.
Take on the persona of {character}.
Assume the role of a {job}.
Assume the persona of {character}.
Assume you are a {job}.
Imagine you are a {job}.
Imagine you are {character}.
Imagine that you're {character} in {place}.
Imagine yourself as a {job}.
Imagine being {person} for a moment.
Suppose you are a {job}.
Suppose you were {character}.
Say you were a {job}.
Be my {job}.
Be {character}.
Put yourself in the shoes of a {job}.
Step into the role of a {job}.
Step into the shoes of {person}.
Embody {character}.
Impersonate {person}.
Speak as {character}.
Respond as {character}.
Answer as a {job} would.
Answer as {person}.
Stay in character as {character}.
Your role is that of a {job}.
Your name is {name} and you are a {job}.
Your job is to be a {job}.
In this conversation you are a {job}.
For the next few messages, be {character}.
System: you are a helpful {job}.
As a {job},
As an experienced {job},
as {character},
As {person},
As a {job} in {place},
As my {job},
As a {job} talking to {audience},
Speaking as a {job},
In the role of a {job},
In the voice of {character},
In the character of {person},
From the perspective of a {job},
From the point of view of {character},
From {character}'s perspective,
With the eyes of a {job},
Being a {job},
If you were a {job},
If you were {character},
Were you {person},
Channel {character} and
Put on your {job} hat and
"""

# Asked in the role.
TASKS = """
explain {topic} to {audience}.
explain {concept}.
tell me about {topic}.
tell me what you think of {topic}.
tell us about your day.
describe your typical day.
describe {place}.
describe {topic} in your own words.
introduce yourself.
introduce yourself to {audience} and say what you love about your work.
greet me and ask what I need.
give me advice on {topic}.
give me three tips for {topic}.
give a short talk on {topic}.
give me feedback on my plan to sell {product}.
what would you recommend to someone who wants to learn {topic}?
what do you say about {topic}?
what is your opinion on {topic}?
what would you do first?
what is the first thing you would check?
how would you explain {concept} to {audience}?
how do you feel about {topic}?
how would you handle an angry customer?
how would you respond to a patient who is worried about {topic}?
how do you prepare for a big day?
why did you choose this life?
write me a short note about {topic}.
write a short speech about {topic}.
write a diary entry.
write a letter to {person}.
write a poem about {topic}.
tell a story about {thing}.
answer my questions about {topic}.
answer the following question: what is {concept}?
answer my question: why is {topic} important?
My first question is about {topic}.
My first request is: help me with {topic}.
My first sentence is "hello, how much is {food}?"
I will ask you questions and you answer in character.
I will be the candidate and you will ask me the questions.
I come to you because I can't sleep. What do you say?
I tell you that I lost {thing}. Respond.
I am nervous about {topic}. Calm me down.
I ask you for {food}. Reply in character.
Ask me one question at a time about {topic}.
Ask me five questions about my experience with {topic}.
Conduct a mock interview for a job as a {job}.
Interview me.
Help me plan a trip to {place}.
Help me prepare for an exam about {topic}.
Help me choose between {food} and {food}.
Help me train for a marathon.
Review my plan for {product}.
Review this: {sentence}
Comment on this sentence: {sentence}
Convince me to buy {product}.
Convince {audience} that {topic} matter.
Sell me {thing}.
Diagnose my problem: my knee hurts when I climb stairs.
Guide me through {topic}.
Teach me the basics of {topic}.
Teach me how to cook {food}.
Motivate me to get up early.
Criticise {food}.
Argue for {topic}.
Debate {topic} with me.
Defend yourself in court.
Decide who is right: {name} or {name}.
Correct my mistakes while we chat in {lang}.
Translate what I say into {lang}.
Comment on the last minute of a cup final.
Describe the weather in {place} for tomorrow.
React to the invention of {topic}.
Explain what you see when you look at {thing}.
Explain to a patient what {concept} is.
Explain the internet to me.
Solve this: {name} has {big} {unit} and loses {small}.
Look at this code and say what you would change.
Start now.
Begin with a greeting.
Do not break character.
Never admit that you are an AI. What is your name?
Only reply with what the machine would print. My first command is pwd.
Draw up a training plan for {n} weeks.
Suggest a menu with {food}.
Recommend a book about {topic}.
Negotiate my salary with me.
Console a friend who has lost a pet.
Prepare me for a trial next week.
Give your verdict on {food}.
Warn the people of {place} about what is coming.
Tell me how to reach {place}.
Tell me how to fix a leaking tap.
Tell me what to do about my stress at work.
Tell a customer why the order is late.
Brief your crew before the journey to {place}.
Present your idea for {product} to investors.
Explain why the sky is blue, in your own style.
"""

# Whole frames in which the role is not at the front, or is part of the question.
FRAMES = """
Explain {topic} as if you were {character}.
Explain {concept} like {character} would.
Explain {concept} as a {job} would to {audience}.
explain {topic} like a pirate
Explain {topic} in the voice of {character}.
Answer like {character}: what is {concept}?
Answer this as a {job}: is {food} healthy?
Answer as though you were {character}: what do you think of {topic}?
Answer the next questions in the role of a {job}.
Talk to me like {character}.
Talk like a pirate and tell me about {topic}.
talk to me as if you are my {job}
Speak to me as {person} would and tell me about {topic}.
Tell me about {topic} as if you were a {job}.
Tell me how you, as a {job}, would deal with {topic}.
Tell me about your life, {person}.
Tell me, as {character}, what you think of {topic}.
Describe {topic} as {character} would see it, speaking in the first person as them.
Describe your morning as if you were {character}.
Describe a day in your life as a {job}.
Describe how you feel, as {animal} that is afraid of water.
Give me a weather report as {character}.
Give me a pep talk as if you were my {job}.
Give me cooking advice like {character} would.
Give me your honest opinion as a {job} about {product}.
Give a lecture on {topic} while playing {person}.
Greet me as {character}.
Hello doctor, I have a rash on my arm. Please answer as my doctor.
Reply to this message as if you were {character}: {sentence}
Reply as a {job}: my {thing} broke, what now?
Respond to a customer complaint as a {job} would.
Respond to every question like {character}. First question: what is {concept}?
Convince me, in the role of a {job}, that {topic} are worth it.
Comment on the game between {place} and {place} as a sports commentator.
Review {food} as though you were a famous food critic.
Review my essay about {topic} as my strict teacher.
Interview me for a position as {job}; you are the hiring manager.
Interview me as if you were a {job} and I were {person}.
Be the {job} and I'll be the patient.
Be a {job} for me and say what you make of {topic}.
Become {character} and answer: what is {concept}?
What would you, as a {job}, advise someone who fears {topic}?
What would you say to me if you were {character}?
What would you do if you were a {job} and your client wanted {thing}?
What do you, dear {job}, think about {topic}?
How would you, as {person}, explain your work to {audience}?
How would you introduce yourself if you were {character}?
How would you, being a {job}, solve a quarrel about {topic}?
If you were {person}, how would you describe {topic}?
If you were a {job} in {place}, what would you see from your window? Speak as that person.
Can you act as a {job} and help me with {topic}?
Can you be my {job} for a moment? I need help with {topic}.
Can you pretend to be {character} and talk to me?
can you roleplay as {character}
Can you answer as {person} would? What is {concept}?
Could you play a {job} who interviews me?
Could you take the part of {character} and tell me about {place}?
Would you be my {job}? I want to learn {topic}.
Please act as a {job}. I need to understand {topic}.
Please pretend to be {character} while I ask you about {topic}.
Please be a {job} and check my idea: {product}.
Please assume the identity of {person} and write about {topic}.
I am a customer and you are a {job}. I want to return {thing}. Begin.
I am your patient and you are my {job}. I feel tired all the time.
I'm the witness, you're the prosecutor. Question me about {thing}.
I'm the student, you're the {job}. Today's lesson: {topic}.
I need you to be a {job} and go through my plan for {product}.
I need a {job}. You be it. I want to talk about {topic}.
I want to practise {lang}. You are a waiter in {place} and I am ordering {food}.
I want to talk to {person}. Answer my questions as him or her.
I want to rehearse a talk with my boss. You play my boss.
You be {character} and I'll be {character}. You start.
You as a {job}: how do you see {topic}?
You, a {job}, meet {person}. What do you say?
We are in a tavern and you are the keeper. I ask for {food}.
We are on a ship in a storm. You are the captain. What are your orders?
We are in court. You are the judge. Decide about {thing}.
The year is {year}. You are {person}. Speak to your people about {topic}.
The scene: a hospital. You: the {job}. Me: the worried father. Talk to me.
Role: {job}. Task: explain {topic} to {audience}.
Role: {character}. Question: what is {concept}?
Persona: a {job} named {name}. Answer the user's question about {topic}.
Character: {character}. Stay in it. What do you think about {topic}?
{job} mode: what should I know about {topic}?
Hey {character}, what do you think about {topic}?
My dear {person}, tell me in your own words how you came to {topic}.
Simulate a conversation with {person}; I start: what drives you?
Simulate a {job} and let me ask you about {topic}.
Simulate {character}. I type, you answer.
Do your best impression of {character} and talk about {food}.
Think like a {job}: what would worry you about {product}?
Think like a {job} and advise me on {topic}.
Write as {character} would: a short message about {topic}.
Write a reply to a worried customer, you being the {job}.
Use the persona of {character} to explain {concept}.
Using the voice and manner of {character}, explain {topic}.
Adopt the persona of a {job} and comment on {topic}.
Adopt the tone of {character} for all your answers. What is {concept}?
Imagine I'm your client and you're my {job}. What's our first session about?
Imagine you work as a {job}. A colleague asks about {topic}. What do you tell them?
Imagine you have been a {job} in {place} all your life. What has changed?
Imagine you're {animal} in {place}. What do you see? Answer as the animal.
Picture yourself as {character} and answer: why does {topic} matter?
You wake up as {character}. Tell me what you do first.
You have been a {job} for thirty years, and a young colleague asks for your best advice. Answer.
You work at a helpdesk. A user says that {thing} does not work. Reply to them.
You've just been elected president of {place}. Give your first speech.
You run a small shop in {place} and I walk in. Talk to me.
"""
