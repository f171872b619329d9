"""Prompts whose weight lies on how the answer must look: formats, limits, steps, lists, code, transformations."""

from .grammar import options

INSTRUCTION_BASE = """
Write a [summary|short summary|description|blog post|email|letter|essay|article|resume|cover letter|report|review|speech|product description|tweet|memo|proposal|newsletter|press release|dialogue|poem|story|limerick|song|riddle|rap|joke|itinerary|template|bio|job description|advertisement] [about|on|for] [{concept}|{person}|{place}|{event}|{task_topic}|{product}|{theme}|a {job}|{title}].
[Create|Make|Write|Prepare|Draw up|Build] [a list of|a table of|a checklist of|a JSON object describing|a markdown table comparing|a schedule for|an outline of|a step-by-step guide to|a bulleted list of|a numbered list of|a CSV file with|a timeline of|a glossary of|a recipe for|a quiz about|a 7-day plan for|a YAML file for] [{food}|{concept}|{task_topic}|{place}|{animal}s|{product}|{event}].
[Summarize|Explain|Describe|Define|Compare|Outline] [{concept}|{event}|{title}|the life of {person}|{task_topic}|the plot of {title}].
[List|Name|Give me|Provide|Generate|Come up with] [exactly|] [three|four|five|six|seven|ten|{3-20}] [tips for|facts about|reasons for|examples of|ideas for|uses of|names for|synonyms for|questions about|quotes about|benefits of|steps for] [{concept}|{task_topic}|{thing}|{animal}s|{product}].
[Give|Write|Provide] [step-by-step|clear|detailed|numbered|] instructions [for|on] {task_topic}.
[Rewrite|Rephrase|Paraphrase|Edit|Correct|Shorten|Translate] the following [sentence|text|paragraph|email|passage] [into {language}|in a formal tone|in the past tense|in simple English|to be more concise|]: "{sentence}"
[Translate|Convert] ["{sentence}"|the sentence "{sentence}"] [into|to] [{language}|the passive voice|past tense|a question|all capital letters].
[Extract|Find|Identify|Pull out] [all names|the dates|the main points|the numbers|every verb|the entities|the key facts|all variables] [from|in] the [following|] [text|paragraph|passage|sentence]: "{sentence} {sentence}"
[Classify|Sort|Rank|Group|Categorize|Label|Arrange|Alphabetize] [the following|these] [items|words|reviews|animals|numbers|sentences|products] [by {attribute}|into {2-5} groups|as positive or negative|in alphabetical order|from smallest to largest]: {animal}, {food}, {animal}, {food}, {animal}.
[Write|Implement|Create] a [Python|JavaScript|C++|Java|SQL|Rust|Bash|] [function|program|script|query|class|regular expression] [that|to] {code_task}.
[Fix|Debug|Explain|Optimize] [this|the following] [Python|C++|SQL|] [code|function|query] [so that it {code_verb}|]: def {pseudo}(x): return x {op} {2-9}
[Format|Present|Structure|Organize] [the answer|the information below|the following data|this list] as [a table|JSON|bullet points|a numbered list|CSV|a letter]: {name}, {2-90}, {place}; {name}, {2-90}, {place}.
[Answer|Respond to] the [question|following question] ["{question}"|{question}] [with only yes or no|in one word|in exactly {5-50} words|with a number and nothing else].
[Generate|Write|Produce] a [sentence|paragraph|text] [that uses|using|containing] [all|] the [following|] words: {animal}, {food}, {adj}, {job}.
[Fill in|Complete] the [blanks|table|form|template|sentence] [below|]: "{sentence} ___ ."
[Take|Use|Look at|Read|Given] the [following|] [text|list|table|paragraph|data|sentence] [and|, then] [count the words|turn it into a table|remove all duplicates|return only the nouns|reverse the order|summarize it in one sentence|output a JSON array]: "{sentence}"
[Plan|Design|Draft|Outline] [a trip to {place}|a weekly meal plan|a {2-9}-day itinerary for {place}|a workout plan|a lesson on {concept}|an agenda for a meeting about {task_topic}|a budget for {task_topic}].
[Compose|Draft] [an email|a formal letter|a text message|a reply|a complaint] [to {name}|to my boss|to a customer|to the landlord] about [{task_topic}|{product}|a late delivery|the meeting on Monday].
[Can you|Could you|Please|I need you to|I want you to|Help me] [write|make|create|give me|prepare] [a summary of {concept}|a list of {food}|an essay on {concept}|a resume for a {job}|an email to my {job}|an itinerary for {place}|a note about {thing}|a story about {character}|a poem about {theme}].
[Write|Make|Create|Form] a [simple|short|coherent|] sentence [with|from|that contains] [the|these] [words|concepts]: {animal}, {thing}, {small_verb}.
[With|Using] the [words|keywords] {animal}, {food} and {small_verb}, [build|make up|write] [one line|a short text|a caption].
[Write|Create|Implement] a [Python|JavaScript|C++|Java|] [function|class|method] [called|named] {pseudo}({field}) [which|that] {code_task}. [For example, {pseudo}({2-90}) returns {2-90}|Include comments|Add tests|].
[Write|Develop|Build] a [simple|small|] [website|web page|app|bot|command line tool|API|chat program|calculator|HTML page] [in {code_lang}|using {code_lang}|with {code_lang}] that {code_task}.
def {pseudo}({field}: [int|str|list]) -> [int|bool|list]: # [this function|must be a function that] {code_task.1}, e.g. {pseudo}({1-9}) == {2-20}
[Write|Sketch] code [to|that can] [find|count|sort|drop] [all|the first|the last|the longest] [{item}|elements|words|pairs|rows] in [a list|an array|a tree|a text file|a spreadsheet]. [Keep it short|Use no library|]
[Rate|Score|Grade|Mark] the following [reviews|answers|comments|sentences] [on a scale of 1 to {5-10}|as positive, negative or neutral] [and return|and give] [the result as a JSON array|a table|one number each]: 1. {sentence} 2. {sentence} 3. {sentence}
[Given|Here is|Below is] [a set of|some|] [{field}s|records|a paragraph|a list of {item}|a passage]: {sentence} {sentence} [Extract|Return|List|Find] the [names|{field}s|years|main topics|numbers] [for each|] [in JSON|as a list|in CSV format|separated by commas].
[Edit|Proofread|Correct|Improve] the following [paragraph|email|text|sentence] [for grammar|and fix all mistakes|and mark the changes]: "{sentence} {sentence}"
[Change|Turn|Make] the [sentence|phrase|following] ["{sentence}"|below: {sentence}] [into a question|more polite|into the future tense|shorter|into a headline].
[Suggest|Propose|Find] [a better|another|two other] [title|headline|word|wording] for: "{sentence}"
Match the [items|words|animals] [in the first list with|to] the [items in the second|right groups]: {animal}, {food}, {job} - {adj}, {adj}, {adj}.
[Given|For] [an|the] [input|email|tweet|address|sentence|date] ["{sentence}"|below], [decide|output|return|detect] [whether it is spam|the {field}|yes or no|the language|the topic].
Make a [comparison|pros and cons list|decision table|ranking|to-do list|shopping list|study plan|packing list|form|survey|flowchart in text|questionnaire] [for|about|of] [{concept}|{task_topic}|{product}|{place}].
[Produce|Create|Write] [valid|] [XML|YAML|HTML|JSON|CSV|Markdown|LaTeX] [for|describing|that lists|with] [{product}|three {animal}s|a {job}'s profile|{task_topic}|a book|a menu].
[Explain|Describe] how to {small_verb} [a {animal}|{thing}|the {adj} {noun_thing}] [in|using] [numbered steps|{3-9} steps|a flow of short commands].
[Set up|Work out|Lay out] [a timetable|a weekly plan|an agenda|a syllabus|a chart] [for|on] {task_topic} [with|showing] [times and places|two columns|a row per day|headings].
{question}
""".strip().splitlines()

CONSTRAINT = """
[Use|Write|Your answer must have|The response should be|Limit it to] [exactly|at least|at most|no more than|less than|fewer than|around|under] {2-400} [words|sentences|lines|characters].
[It|The answer|Your response|Your answer|The text|The list] [must|should|has to|needs to] [be|contain|have|include] [exactly|at least|no more than] [two|three|four|five|{2-12}] [paragraphs|sentences|bullet points|sections|items|steps|lines|columns|rows].
[Do not|Don't|Never] use [the word|the words|the letter] ["{keyword}"|'{keyword}'|{keyword} or {keyword}] [anywhere|in your answer|in the response|].
[Do not|Don't] use [any commas|commas|exclamation marks|capital letters|any adjectives|bullet points|any periods|more than {2-9} commas] [in your response|in your answer|at all|].
[Avoid|Without] using [commas|the word "{keyword}"|passive voice|technical terms|the letter "e"].
[Work in|Mention|Use] the [term|terms|words|phrase] ["{keyword}"|"{keyword}" and "{keyword}"|{keyword}, {keyword} and {keyword}] [at least {2-6} times|in the first sentence|exactly once|in your response|].
[Each|Every] [item|sentence|line|paragraph|point|step|entry|section] [must|should] [start with|begin with|end with|contain|include] [a verb|the letter {letter}|a number|an emoji|a short explanation|a bold title|one example|a capital letter].
[Start|Begin] [your answer|your response|the letter|every sentence|the first paragraph] with ["{keyword}"|the words "{sentence}"|a question|a greeting|the letter {letter}].
[End|Finish] [your response|your answer|it|the letter|the email] with [the sentence|the words|the line|the remark] "{sentence}" [and stop there|].
[I want|Give me] [all of it|the text|everything] in [small letters|capitals|{language}|JSON|markdown|plain text|XML|rhyme-free prose].
[Write|Answer|Give your answer|Respond] in [{language}|all lowercase|all capital letters|JSON|the form of a table|bullet points|markdown|a single sentence|the second person|the present tense] [only|].
[Put|Place] [all of it|the whole answer|the title] [between|inside] [quotation marks|brackets|parentheses|two stars|a code block].
[Underline|Set|Put] {2-6} [names|words|phrases] [of your answer|] in [bold|italics|capital letters].
[Add|Include|Provide|Give] a [title|heading|signature|summary|conclusion|short introduction|table of contents|header row|closing line] [at the end|at the beginning|at the top|in bold|for each section].
[Use|Follow] [this format|the following format|the format]: [Step 1: ..., Step 2: ...|<<name>>, <<date>>, <<place>>|Title, Body, Summary|«"name": "...", "value": 0»|Question: Answer].
[Give|Use for] the [object|table|list|JSON|form|file] [these|the] [keys|columns|fields]: [{field.1}, {field.2}, {field.3}|"{field.1}" as [text|a number], "{field.2}" as [a list|true or false]] [and|plus] {field}.
[Leave|Put in] [blanks|gaps] to fill in, [for instance|like] <<{field}>> [or <<{field}>>|].
[Separate|Divide] the [paragraphs|sections|two answers|items] [with|by] [a blank line|a line of dashes|a row of stars|semicolons|the sign ##].
[Number|Order|Sort] [the steps|each item|the list|the points] [from 1 to {3-10}|by {attribute}|in alphabetical order|from easy to hard].
[Let|Have] the [opening|second|middle|last] [part|sentence|bullet|column|line] [present|sum up|contain|be about|name] [the main idea|{concept}|{theme}|{person}|the cost|a warning|the word "{keyword}"].
[First|Step 1], {small_step}. [Then|Next|Second], {small_step}. Finally, {small_step}.
[Keep|Make] [it|the tone|the language|each point] [short|formal|simple|professional|under {5-40} words|polite and concise|suitable for children|to one line each].
[Give|Provide] [two|three] [different|] [versions|options|responses|answers] [, one formal and one informal|, separated by a line|].
[Copy|Quote] [my|the] [question|text] [in the first line|at the top], [then answer|and write below it].
[Use|Write] the letter {letter} [only|no more than|about] {2-20} times.
[Return|Output|Show] only the [code|JSON|list|table|answer|final text], [with no explanation|nothing else|without comments].
""".strip().splitlines()

# Openings that already are instruction-heavy on their own; the others need constraints to be so.
STANDALONE = """
Convert|Edit|Proofread|Change|Turn|Match|Given|Using|Here is|Below is|Evaluate the|Make a sentence|Form a|Correct|Implement|Develop|Write an algorithm|Design an algorithm|Rewrite the|Rewrite this|Translate|Extract|Classify|Sort|Rank|Format|Fill in|List|Write a Python|Write a function|Implement|Give step-by-step
""".strip().split("|")

TABLES = {
    "noun_thing": options("box|engine|room|page|table|machine|tool|cake|garden|report|file"),
    "small_verb": options("run|jump|throw|eat|sit|hold|look|play|ride|stand|catch|wash|cut|dance|watch"),
    "code_lang": options("Python|JavaScript|HTML|C++|Java|SQL|CSS|React|Bash"),
    "sentence": options("the {animal} sat near {place}.|{name} bought {food} yesterday.|we will meet on Monday at {2-11} o'clock.|thank you for your time.|may I show you the second room?|the report is due on Friday.|{name} and {name} went to {place} in {1950-2020}.|the quick {animal} runs past the lazy {animal}.|I have went to the store.|our team has finished the project.|prices rose by {2-30}% last year.|so ends the tale.|greetings from the coast.|she don't like {food}.|the weather is {adj} today.|that is all I had to say.|my name is {name} and I live in {place}."),
    "question": options("what is {concept}?|who is {person}?|where is {place}?|is {food} healthy?|can {animal}s swim?|why is {concept} important?|how do I get better at {task_topic}?|which is better, {food} or {food}?|what should I know about {concept}?"),
    "keyword": options("river|time|hello|market|dream|story|garden|help|money|window|silver|friend|engine|summer|because|very|good|system|music|water|light|people|answer|future|winter|travel|value|simple"),
    "letter": list("abcdefghijklmnoprstuw"),
    "field": options("name|title|price|date|age|address|email|phone|city|color|tags|id|author|year|score|items|status|quantity|description|rating"),
    "attribute": options("size|price|age|color|length|importance|date|weight|name|popularity"),
    "code_task": options("reverses a string|finds the largest number in a list|checks if a number is prime|counts the vowels in a text|sorts a list of {field}s|returns the sum of all even numbers|reads a file line by line|merges two lists|removes duplicates from an array|computes the n-th Fibonacci number|selects all users older than {20-60}|validates an email address|finds the longest common prefix|converts Celsius to Fahrenheit|prints a triangle of stars|implements a binary search|calls an API and stores the {field}"),
    "code_verb": options("runs faster|returns the right value|handles empty input|works for negative numbers"),
    "op": ["+", "-", "*", "%"],
    "small_step": options("list the main points|explain each in one sentence|give one example|write a title|choose the best one|add a short conclusion|count the words|describe the problem|propose a solution|translate it into {language}|name three causes|write two questions|make a table|ask the reader a question"),
}


def is_standalone(text):
    return text.startswith(tuple(STANDALONE))


def make(grammar, rng):
    """One instruction-heavy prompt: a task and one or more demands on the form of the answer."""
    base = grammar.expand(rng.choice(INSTRUCTION_BASE), rng)
    count = rng.choice([1, 1, 2, 2, 3, 4])
    if is_standalone(base) and rng.random() < 0.45:
        count = 0
    elif count == 1 and rng.random() < 0.6:
        count = 2
    demands = [grammar.expand(rng.choice(CONSTRAINT), rng) for _ in range(count)]
    if demands and rng.random() < 0.08:
        return " ".join(demands + [base])
    return " ".join([base] + demands)
