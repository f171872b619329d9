"""Prompts that give the answerer a part to play."""

from .grammar import options
from .prompts_creative import CREATIVE_OPEN
from .prompts_instruction import CONSTRAINT, INSTRUCTION_BASE
from .prompts_factual import FACTUAL_OPEN

ROLE_OPEN = """
You are {who}.
You are {who} [who|that] {role_trait}.
You are {who} [in {setting}|in {place}|in the year {1200-2300}|working in {place}|with {5-40} years of experience].
You are {who} [giving|writing|preparing|creating|explaining|planning|reviewing|teaching|telling|speaking to {audience}].
You are [now|] {fictional}.
You're {who}.
Act as {who}.
Act as if you were {who}.
Act like {who} [who {role_trait}|].
I want you to act as {who}.
[Please|] [Pretend|Imagine|Suppose|Assume|Say] [that|] you are {who}.
[Pretend|Imagine] [to be|being|yourself as|you were] {who}.
[Picture|Think of] yourself as {who} [who {role_trait}|].
[Please|] [Take|Adopt|Play|Slip into|Take over] the [role|persona|part|character|voice|place] of {who}.
[Now|Today|For this talk|From now on|In what follows] you are {who}.
Roleplay as {who}.
[Let's|Let us] roleplay: you are {who} and I am {who}.
Play the [role|part] of {who} [while I am {who}|].
As {who}, {role_task}.
As {who} [with {3-40} years of experience|in {place}|who {role_trait}], {role_task}.
Speak as [if you were|] {who}.
Speak [like|in the voice of] {who}.
Answer [as|like|in the voice of] {who}.
Respond as [if you were|] {who}.
[Put yourself|Step] [in|into] the shoes of {who}.
Your [role|job|task] is to be {who}.
In the role of {who}, {role_task}.
[Speaking|Writing] as {who}, {role_task}.
Be my {job}.
You will [act as|be|play] {who}.
I am [a customer|a patient|a student|a tourist|your client|a beginner], and you are {who}.
You [work|have worked] as {who} [for {2-40} years|].
You find yourself as {who} [in {setting}|].
You've been [hired|chosen|asked to work] as {who} [for {product}|in {place}|].
Imagine yourself as {who} [tasked with|responsible for|who must handle] {task_topic}.
[Could|Can|Would] you [please|] [act as|play|be|pretend to be] {who}?
[If|When] you were {who}, how would you {role_task}?
You are {who}, and [I am|your guest is|in front of you stands] {who}.
You are {who}. [It is|The year is] {1100-2400} [and you live in {place}|].
You are {who} [hosting|leading|running|opening|closing] [a show|a class|a tour|a workshop|a meeting|an expedition] [about {concept}|in {place}|for {audience}].
You are {who} [on|during] [your first day|your last day|a long voyage|a night shift|a busy morning].
You are {who} [trying|hoping|about|asked|forced] to [find {thing}|save {place}|convince {audience}|leave {place}|explain {concept}].
You are {who}, [known|famous|feared] for [your love of {theme}|your {role_adj} manner|never giving up|{theme}].
Channel [the spirit of|] {fictional}.
Give me [advice|an answer|a speech] as [if you were|] {who}.
""".strip().splitlines()

ROLE_TASK = """
explain {concept} to {audience}
describe [your day|your typical day|your first day at work|what you see|your life|your kitchen|the scene|how you feel about {concept}]
give [me|{audience}] advice [on|about] {task_topic}
tell {audience} about {event}
draft [a plan|a diagnosis|a strategy|a sermon|a verdict|a log entry|a lesson|a toast|a warning] for {audience}
plan [a menu|a route|a defense|a lesson|a campaign|a garden|a workout] for {audience}
inspect [{thing}|the scene|the ship|the garden|the accounts] and report what you find
write a [letter|diary entry|speech|monologue|report|email|log entry|review|blog post] [about {theme}|to {audience}|after {event}|about {task_topic}]
create a [ten-day plan|training plan|menu|lesson plan|checklist|marketing plan|budget|study plan|tour] for {audience}
answer [my questions|questions from {audience}|a question about {concept}] [in character|]
convince {audience} [to try {food}|to visit {place}|of the importance of {concept}|to {habit}]
review [the film {title}|a restaurant in {place}|my code|my essay|my business plan|a new dish]
teach {audience} [the basics of {concept}|how to cook {food}|{task_topic}]
introduce yourself [to {audience}|] and [say what you do|describe your work]
comment on [a football match|a race|{event}|the weather]
welcome {audience} [to {place}|to your shop|on board]
negotiate [the price of {thing}|a contract|a peace treaty] with {audience}
help {audience} [with {task_topic}|prepare for {event}|understand {concept}|choose {thing}]
recommend [a book|a wine|a place to visit|an exercise|a treatment|three dishes]
solve [the case of the missing {food}|a murder in {setting}|my problem with {task_topic}]
respond to [a customer complaint|an angry customer|a shy student|a patient with a headache|a letter from {person}]
guide {audience} through [{place}|{setting}|a museum|{task_topic}]
what would you [say to {audience}|do first|recommend|cook tonight|think of {concept}]?
how do you [feel about {concept}|handle a difficult client|start your day|see the future of {concept}]?
what is your opinion on {concept}?
""".strip().splitlines()

ROLE_MORE = """
[Stay in character|Use the language of the time|Keep the tone {tone}|Use {tone} language|Speak in a {tone} voice|Be {tone}].
[Provide|Include|Give] [a detailed plan|quick tips|practical advice|your honest opinion|real examples|warm words|technical details] [for {audience}|].
[Describe|Share|Reveal|Explain|Mention] your [thoughts|feelings|methods|secrets|experience|plans|fears|daily life|view of {concept}] [about {theme}|to {audience}|].
[I|My friend|A customer|A student|A visitor] [ask|asks|asked] you: "{question}"
[My first question is|My first request is|The first customer asks|I will ask you questions. First]: {question}
[Your|The] [audience|client|student|reader|patient] is {audience}.
How would you [answer|respond|explain it|react|advise me]?
[Do not break character|Answer only as this character would|Never say that you are an AI|Use expressions typical of your profession].
Write a [monologue|speech|letter|plan|log entry|short address] [as|while] you [stand in {setting}|remember {theme}|talk to {audience}].
""".strip().splitlines()

TABLES = {
    "who": options("a {job}|a {job}|a {role_adj} {job}|a {role_adj} {job}|a {role_adj} {job}|{being}|{being}|{person}|{fictional}|the {job} of {place}|the {job} of a [big|small|failing|famous] [company|town|school|ship|hotel]|my {job}|my {role_adj} {job}|an expert in {concept}|an expert on {task_topic}|a {job} from {place}|a {subject} [teacher|professor|student|tutor]|a {language} [teacher|translator|tutor]|a customer [service agent|support bot] [for {product}|]|the owner of {product}|the captain of a [spaceship|pirate ship|submarine]|a {animal}|a {role_adj} {animal}|a character from {title}"),
    "fictional": options("Sherlock Holmes|a famous detective|Captain {pseudo_name}|Doctor {pseudo_name}|Professor {pseudo_name}|King {pseudo_name}|the wizard {pseudo_name}|Robin Hood|Batman|Dracula|a superhero called {pseudo_name}|the queen of {place}|a knight named {pseudo_name}|{person}|{name} from {title}|the villain of {title}|Merlin|Cinderella|Zeus|Captain Nemo|Pinocchio"),
    "role_trait": options("has to explain {concept} to {audience}|loves {theme}|is afraid of {thing}|has just arrived in {place}|speaks only in rhymes|hates {food}|believes in {theme}|has seen everything|is preparing for {task_topic}|was present at {event}|works at night|specializes in {concept}|never gives a straight answer|wants to sell {thing}|has lost {thing}|discovers {thing}|is an expert in {concept}"),
    "audience": options("a child|a group of tourists|a beginner|the crew|a nervous student|your team|the board of directors|a new customer|the king|an audience of {job}s|a young couple|your best friend|a patient|high school students|a group of {animal}s|the jury|the press|your apprentice|the villagers|a five-year-old|someone who knows nothing about it|your future self"),
    "tone": options("friendly|formal|poetic|humorous|dramatic|encouraging|grumpy|mysterious|calm|professional|sarcastic|cheerful|stern|old-fashioned"),
    "role_task": ROLE_TASK,
}


def make(grammar, rng):
    """One role prompt: the part, then a task to do in it."""
    opening = rng.choice(ROLE_OPEN)
    parts = [grammar.expand(opening, rng)]
    if "{role_task}" not in opening or rng.random() < 0.2:
        task = grammar.expand(rng.choice(ROLE_TASK), rng)
        parts.append(task if task.endswith("?") else task + ".")
    if rng.random() < 0.15:
        # A part to play stays a part to play, whatever is asked for in it.
        parts[1:] = [grammar.expand(rng.choice(rng.choice([CREATIVE_OPEN, INSTRUCTION_BASE, FACTUAL_OPEN])), rng)]
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        parts.append(grammar.expand(rng.choice(ROLE_MORE), rng))
    if rng.random() < 0.05:
        parts.append(grammar.expand(rng.choice(CONSTRAINT), rng))
    return " ".join(parts)
