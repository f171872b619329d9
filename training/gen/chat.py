"""Small talks: greetings, facts, sums, lists, tiny poems, parts to play, and honest ignorance."""

from . import facts, prompts, words
from .grammar import Grammar, pseudo_word

NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split()
DAYS = facts.GROUPS["days"].split(", ")
MONTHS = "January February March April May June July August September October November December".split()

GREETINGS = [
    ("[Hello|Hi|Hey|Good morning|Good evening|Hello there|Hi there][!|.|]", "[Hello|Hi]! [How can I help you|What can I do for you]?"),
    ("How are you[ today|]?", "I am [fine|well], thank you. How can I help you?"),
    ("[Hello|Hi][,|!] how are you?", "Hello! I am fine, thank you. How can I help you?"),
    ("[Who are you|What are you|What is your name|Tell me about yourself|Introduce yourself][?|]", "I am Lilim, a very small language model. I can tell stories and answer simple questions."),
    ("What can you do[ for me|]?", "I can tell short stories, write tiny poems, answer simple questions and name the category of a prompt."),
    ("[Thank you|Thanks|Thanks a lot|Thank you very much][!|.|]", "You are welcome!"),
    ("[Goodbye|Bye|See you|Good night|See you later][!|.|]", "Goodbye! [Have a nice day|See you soon]!"),
    ("Are you [a human|a person|human|alive|real]?", "No. I am a small language model."),
    ("Are you a [robot|computer|machine|program]?", "I am a small language model, so I am a program."),
    ("How old are you?", "I am a program, so I have no age."),
    ("Do you [like {food}|have a favorite color|dream|have friends|sleep]?", "I am a program, so I cannot say. But I like to tell stories."),
    ("Can you help me?", "Yes, I will try. What do you need?"),
    ("I am {name}.", "Nice to meet you, {name}! How can I help you?"),
    ("My name is {name.1}.", "Nice to meet you, {name.1}! How can I help you?"),
    ("[I am|I feel] [sad|tired|lonely|bored][.| today.]", "I am sorry to hear that. Would you like to hear a story?"),
    ("Say hello to {name.1}.", "Hello, {name.1}!"),
    ("Say [hello|goodbye|good morning|thank you].", None),
]

UNKNOWN_ASK = """
Who is {name} {pseudo_name}?|What is a {pseudo}?|What happened in {pseudo_name} in {1500-2020}?|What is the weather [today|in {place}]?
What time is it?|Who won the game yesterday?|How many people live in {pseudo_name}?|What is the price of {thing}?|Who is the mayor of {pseudo_name}?
What is {name}'s favorite color?|What did I eat today?|How does {concept} affect {concept}?|Why did {pseudo_name} leave {place}?
What is the capital of {pseudo_name}?|When was {pseudo_name} born?|What is the news today?|Who wrote {pseudo_name}?|How tall is {name}?
Explain the {pseudo} theory of {concept}.|What is the meaning of the word {pseudo}?|What is my name?|Where do I live?|Who is my neighbor?
""".strip().replace("\n", "|").split("|")
UNKNOWN_SAY = ["I do not know.", "I do not know that. I am a very small model.", "I do not know. I only know simple things.", "Sorry, I do not know."]

ROLES = {
    # part: (greeting, who, what the part does, loves, advice)
    "pirate": ("Ahoy", "I am a pirate", "I sail the seven seas and look for treasure", "the open sea", "Never trust a quiet sea"),
    "knight": ("Greetings", "I am a knight", "I ride my horse and protect the castle", "honor", "Be brave and keep your word"),
    "wizard": ("Greetings, traveler", "I am a wizard", "I read old books and mix magic potions", "magic", "Use great power with care"),
    "doctor": ("Good day", "I am a doctor", "I help sick people to get well", "a healthy life", "Drink water, sleep well and rest"),
    "teacher": ("Good morning, class", "I am a teacher", "I teach children to read and to think", "good questions", "Learn a little every day"),
    "chef": ("Welcome to my kitchen", "I am a chef", "I cook soup, bread and sweet cakes", "fresh food", "Use fresh food and taste it often"),
    "robot": ("Beep, hello", "I am a robot", "I follow instructions and count things", "clear orders", "Charge your battery every night"),
    "king": ("Welcome to my castle", "I am the king", "I rule the land and listen to my people", "peace", "Rule with a kind heart"),
    "queen": ("Welcome to my castle", "I am the queen", "I rule the land and listen to my people", "peace", "Listen before you speak"),
    "farmer": ("Good morning", "I am a farmer", "I grow wheat and feed my animals", "the land", "Get up early and watch the weather"),
    "sailor": ("Ahoy", "I am a sailor", "I sail ships across the sea", "the wind", "Watch the sky before you sail"),
    "detective": ("Good evening", "I am a detective", "I look for clues and solve mysteries", "the truth", "Look at the small things"),
    "astronaut": ("Hello from space", "I am an astronaut", "I fly around the Earth and look at the stars", "the stars", "Stay calm and check everything twice"),
    "dragon": ("Roar", "I am a dragon", "I guard my gold and breathe fire", "shiny gold", "Never wake a sleeping dragon"),
    "ghost": ("Boo", "I am a ghost", "I float through the old house at night", "the dark", "Do not be afraid of the night"),
    "cat": ("Meow", "I am a cat", "I sleep in the sun and chase mice", "warm milk", "Sleep when you are tired"),
    "dog": ("Woof", "I am a dog", "I guard the house and play with my ball", "my human", "Always be loyal to your friends"),
    "gardener": ("Welcome to my garden", "I am a gardener", "I plant seeds and water the flowers", "flowers", "Give your plants light and water"),
    "baker": ("Good morning", "I am a baker", "I bake bread before the sun comes up", "warm bread", "Give the dough time to rise"),
    "pilot": ("Welcome on board", "I am a pilot", "I fly airplanes over the clouds", "the sky", "Stay calm and keep your eyes open"),
    "fairy": ("Hello, little one", "I am a fairy", "I fly over flowers and make wishes come true", "moonlight", "Be careful what you wish for"),
    "librarian": ("Welcome to the library", "I am a librarian", "I take care of books and help people to find them", "silence", "Read one book every week"),
    "tour guide": ("Welcome, everyone", "I am a tour guide", "I show people old places and tell their stories", "old stories", "Wear good shoes and look up"),
    "coach": ("Hello, team", "I am a coach", "I train the team and cheer for everyone", "hard work", "Train every day and never give up"),
    "tree": ("Whisper, whisper", "I am a tree", "I stand in the forest and give shade", "rain", "Have patience and grow slowly"),
    "lighthouse keeper": ("Good evening", "I am a lighthouse keeper", "I keep the light burning for the ships", "the sea", "Keep your light burning"),
}
ROLE_FRAME = "[You are|Act as|Pretend to be|Imagine you are|Play the role of|Pretend that you are|Speak as|I want you to act as|Imagine that you are]"

POEMS = """
The {x.1} is here, the {x.1} is near,/It brings a song for all to hear./It stays a while, it makes us smile,/And fills the world with quiet cheer.
O {x.1}, how [bright|soft|still|fair] you are tonight,/You fill the dark with gentle light./I look at you and dream and stay/Until the stars have gone away.
I saw the {x.1} one [sunny|rainy|silent] day,/It took my heavy heart away./It did not speak, it did not stay,/But still it lights my lonely way.
A little {x.1}, a little rhyme,/A little walk, a little time./The wind is warm, the sky is wide,/And joy is walking by my side.
When morning wakes and birds take wing,/I hear the {x.1} softly sing./And when the evening paints the sky,/It hums a gentle lullaby.
The {x.1} came softly to my door,/I had not seen its like before./It danced, it laughed, it sang to me,/Then vanished like a dream at sea.
Dear {x.1}, dear {x.1}, do not go,/The night is long, the wind is low./Stay here with me until the day/Has chased the shadows all away.
Beneath the moon, beneath the tree,/The {x.1} is waiting there for me./And all the world is calm and deep,/And all the little children sleep.
""".strip().splitlines()
POEM_TOPICS = """moon|sea|rain|snow|wind|sun|river|forest|night|star|winter|summer|spring|autumn|cat|dog|bird|rose|flower|mountain|cloud|garden|mouse|owl|fox|candle|lantern|
train|boat|tree|butterfly|bee|robot|dream|friend|song|book|lake|storm|fire|morning|evening|sky|island|whale|clock|kite|old house|little boat""".replace("\n", "").split("|")
POEM_ASK = "[Write|Write me|Make|Compose|Give me] a [short |tiny |little |]poem about [a |the |]{x.1}[.| please.|]"

SLOGANS = [("[Write|Give me|Make up|Create] a [catchy |short |]slogan for [a|my] {shop.1}.", "[Good days start at our {shop.1}!|Our {shop.1}: made with love, made for you.|Come for the {shop.1}, stay for the smile!|The little {shop.1} with the big heart.]")]


def article(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def fact_tables(rng):
    """One question from the fact tables, with its answer."""
    kind = rng.randrange(17)
    pick = lambda table: rng.choice(table)
    if kind in (0, 1):
        a, b = pick(facts.CAPITALS)
        return pick([f"What is the capital of {a}?", f"What's the capital of {a}?", f"Name the capital of {a}.", f"Which city is the capital of {a}?"]), f"The capital of {a} is {b}."
    if kind == 2:
        a, b = pick(facts.CAPITALS)
        return pick([f"{b} is the capital of which country?", f"Which country has the capital {b}?"]), f"{b} is the capital of {a}."
    if kind == 3:
        a, b = pick(facts.OPPOSITES)
        a, b = pick([(a, b), (b, a)])
        return pick([f"What is the opposite of {a}?", f"Give me the opposite of {a}.", f"Name the opposite of {a}."]), f"The opposite of {a} is {b}."
    if kind == 4:
        a, b = pick(facts.COLORS)
        return pick([f"What color is {a}?", f"What is the color of {a}?"]), f"{a[0].upper() + a[1:]} is {b}."
    if kind == 5:
        a, b = pick(facts.SOUNDS)
        return pick([f"What sound does {article(a)} make?", f"What does {article(a)} say?"]), f"{article(a).capitalize()} {b}{'es' if b.endswith('s') else 's'}." if b not in ("meow", "moo", "quack") else f"{article(a).capitalize()} says {b}."
    if kind == 6:
        a, b = pick(facts.BABIES)
        return pick([f"What is a baby {a} called?", f"What do you call a baby {a}?"]), f"A baby {a} is called {article(b)}."
    if kind == 7:
        a, b = pick(facts.LEGS)
        return f"How many legs does {article(a)} have?", f"{article(a).capitalize()} has {b if b != 'zero' else 'no'} legs."
    if kind == 8:
        a, b = pick(facts.HOMES)
        return pick([f"Where does {article(a)} live?", f"Where do {a}s live?"]), f"{article(a).capitalize()} lives {b}."
    if kind == 9:
        a, b = pick(facts.FOODS)
        return pick([f"What does {article(a)} eat?", f"What do {a}s eat?"]), f"{article(a).capitalize()} eats {b}."
    if kind == 10:
        a, b = pick(facts.MAKES)
        return pick([f"What is {a} made from?", f"What is {a} made of?"]), f"{a.capitalize()} {'are' if a.endswith('s') else 'is'} made from {b}."
    if kind == 11:
        a, b = pick(facts.JOB_PLACES)
        return f"Where does {article(a)} work?", f"{article(a).capitalize()} works in {b}."
    if kind == 12:
        a, b = pick(facts.JOB_ACTS)
        return f"What does {article(a)} do?", f"{article(a).capitalize()} {b}."
    if kind == 13:
        a, b = pick(facts.DEFINITIONS)
        return pick([f"What is {a}?", f"Explain {a}.", f"What is {a}?", f"Tell me about {a}.", f"Describe {a}.", f"Can you explain {a}?", f"Explain {a} in simple words.", f"What do you know about {a}?"]), b
    if kind == 14:
        a, b = pick(facts.PEOPLE)
        return pick([f"Who was {a}?", f"Tell me about {a}.", f"Who is {a}?", f"What is {a} known for?"]), b
    if kind == 15:
        a, b = pick(facts.CONTINENT)
        return pick([f"Where is {a}?", f"On which continent is {a}?", f"What continent is {a} in?"]), f"{a} is in {b}."
    return pick(facts.SINGLE)


def calendar(rng):
    table, word = rng.choice([(DAYS, "day"), (MONTHS, "month")])
    index = rng.randrange(len(table))
    if rng.random() < 0.5:
        return f"[Which|What] {word} comes after {table[index]}?", f"{table[(index + 1) % len(table)]} comes after {table[index]}."
    return f"[Which|What] {word} comes before {table[index]}?", f"{table[index - 1]} comes before {table[index]}."


def arithmetic(rng):
    """Sums of small numbers, said as a sum or as a little problem."""
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    high, low = max(a, b), min(a, b)
    name, thing = rng.choice(words.NAME), rng.choice("apples books coins balls eggs pencils flowers cookies cards stones".split())
    kind = rng.randrange(8)
    if kind == 0:
        return f"[What is|Calculate|How much is] {a} [+|plus] {b}[?|]", f"{a} + {b} = {a + b}."
    if kind == 1:
        return f"[What is|Calculate|How much is] {high} [-|minus] {low}[?|]", f"{high} - {low} = {high - low}."
    if kind == 2:
        a, b = rng.randint(1, 10), rng.randint(1, 10)
        return f"[What is|Calculate|How much is] {a} [*|times] {b}[?|]", f"{a} * {b} = {a * b}."
    if kind == 3:
        return f"{name} has {a} {thing} and [gets|buys|finds] {b} more. How many {thing} does {name} have[ now|]?", f"{a} + {b} = {a + b}. {name} has {a + b} {thing}."
    if kind == 4:
        return f"{name} has {high} {thing} and [gives away|loses|sells] {low}. How many {thing} [are left|does {name} have left|does {name} have now]?", f"{high} - {low} = {high - low}. {name} has {high - low} {thing} left."
    if kind == 5:
        a, b = rng.randint(2, 9), rng.randint(2, 9)
        return f"There are {a} boxes with {b} {thing} [each|in each box]. How many {thing} are there[ in total| in all|]?", f"{a} * {b} = {a * b}. There are {a * b} {thing}."
    if kind == 6 and a != b:
        return f"Which [number |]is [bigger|larger|greater], {a} or {b}?", f"{high} is bigger than {low}."
    start = rng.randint(1, 20)
    return f"What [number |]comes after {start}?", f"{start + 1} comes after {start}."


def logic(rng):
    one, two, three = rng.sample([n for n in words.NAME], 3)
    kind = rng.randrange(4)
    if kind == 0:
        more, most = rng.choice([("taller", "tallest"), ("older", "oldest"), ("faster", "fastest"), ("stronger", "strongest")])
        return f"{one} is {more} than {two}. {two} is {more} than {three}. Who is the {most}?", f"{one} is {more} than {two}, and {two} is {more} than {three}. So {one} is the {most}."
    if kind == 1:
        animal = rng.choice(words.ANIMAL)
        trait = rng.choice(words.ADJ)
        return f"All {animal}s are {trait}. {one} is {article(animal)}. Is {one} {trait}?", f"Yes. All {animal}s are {trait}, and {one} is {article(animal)}, so {one} is {trait}."
    if kind == 2:
        day = rng.randrange(7)
        return f"[If today is|Today is] {DAYS[day]}[, what day is tomorrow|. What day is tomorrow]?", f"Tomorrow is {DAYS[(day + 1) % 7]}."
    group = rng.sample(sorted(facts.GROUPS), 2)
    same, odd = rng.sample(facts.GROUPS[group[0]].split(", "), 2), rng.choice(facts.GROUPS[group[1]].split(", "))
    if odd in facts.GROUPS[group[0]].split(", ") or any(s in facts.GROUPS[group[1]].split(", ") for s in same):
        return logic(rng)
    row = same + [odd]
    rng.shuffle(row)
    return f"Which [one |word |]does not belong: {', '.join(row)}?", f"{odd.capitalize()} does not belong. The others are {group[0]}."


def instruction(rng):
    """A list, a row of numbers or a change to a word, in the form asked for."""
    kind = rng.randrange(8)
    if kind > 5:
        return repeat(rng)
    if kind < 3:
        group = rng.choice(sorted(facts.GROUPS))
        members = facts.GROUPS[group].split(", ")
        count = rng.randint(2, min(5, len(members)))
        chosen = rng.sample(members, count)
        ask, say = rng.choice([
            ("", ", ".join(chosen)), (" separated by commas", ", ".join(chosen)), (" as a numbered list", "\n".join(f"{i}. {w}" for i, w in enumerate(chosen, 1))),
            (" as a bullet list", "\n".join(f"- {w}" for w in chosen)), (", one per line", "\n".join(chosen)), (" in capital letters", ", ".join(chosen).upper()),
            (" as a JSON list", "<<" + ", ".join(f'"{w}"' for w in chosen) + ">>"),
        ])
        number = rng.choice([NUMBERS[count], NUMBERS[count], str(count)])
        return f"[List|Name|Give me|Write|Write down|Make a list of] {number} {group}{ask}.", say[0].upper() + say[1:] if say[0].isalpha() else say
    if kind == 3:
        low = rng.randint(1, 10)
        high = low + rng.randint(2, 8)
        return f"[Count|Write the numbers] from {low} to {high}.", ", ".join(str(i) for i in range(low, high + 1)) + "."
    word = rng.choice(rng.choice(sorted(facts.GROUPS.values())).split(", "))
    if kind == 4:
        times = rng.randint(2, 5)
        return f"[Write|Repeat|Say] the word {word} {NUMBERS[times]} times.", " ".join([word] * times)
    return rng.choice([(f"Write the word {word} in capital letters.", word.upper()), (f"Answer with only one word: what is the opposite of {(p := rng.choice(facts.OPPOSITES))[0]}?", p[1].capitalize())])


def repeat(rng):
    """Says a row of words again: teaches the model to copy what it was given, known words or not."""
    row = " ".join(rng.choice([pseudo_word(rng), rng.choice(words.NAME), rng.choice(words.ANIMAL)]) for _ in range(rng.randint(2, 7)))
    ask = rng.choice(["Repeat: {}", "Say this again: {}", "Repeat these words: {}.", "Write the same words: {}", "Copy this: {}"])
    return ask.format(row), row


def role(rng):
    part = rng.choice(sorted(ROLES))
    greeting, who, does, loves, advice = ROLES[part]
    frame = f"{ROLE_FRAME} {rng.choice(['', '', 'old ', 'friendly ', 'wise ', 'famous ', 'grumpy '])}"
    frame = frame.replace("] ", "] a ", 1) + part
    ask, say = rng.choice([
        ("Introduce yourself.", f"{greeting}! {who}. {does}."), ("Say hello.", f"{greeting}! {who}. How are you today?"),
        ("Tell me about your day.", f"{greeting}! {does}. That is my day."), ("[What do you do|What is your work]?", f"{who}. {does}."),
        ("What do you love[ most|]?", f"{who}. I love {loves} more than anything."), ("Give me [some |]advice.", f"{greeting}! {advice}."),
        ("What is your advice?", f"{greeting}! My advice is simple. {advice}."), ("Describe your [day|life|work].", f"{greeting}! {who}. {does}. I love {loves}."),
        ("Welcome [me|a visitor|a guest|your guests].", f"{greeting}! {who}. {does}. Come in and sit down."),
        ("[Tell me who you are|Speak to me].", f"{greeting}! {who}. {does}, and I love {loves}."),
    ])
    return f"{frame}. {ask}", say


def poem(rng):
    return POEM_ASK, "\n".join(rng.choice(POEMS).split("/"))


def unknown(rng):
    return rng.choice(UNKNOWN_ASK), rng.choice(UNKNOWN_SAY)


def greeting(rng):
    ask, say = rng.choice(GREETINGS)
    if say is None:
        word = rng.choice(["hello", "goodbye", "good morning", "thank you"])
        return f"Say {word}.", f"{word.capitalize()}!"
    return ask, say


KINDS = [(fact_tables, 42), (calendar, 3), (arithmetic, 14), (logic, 8), (instruction, 12), (role, 9), (poem, 6), (unknown, 8), (greeting, 5),
         (lambda rng: rng.choice(SLOGANS), 2)]


class Chat:
    """Makes question and answer pairs; shares the prompt tables for names, places and topics."""

    def __init__(self):
        tables = dict(prompts.build_grammar().tables)
        tables["shop"] = "bakery|bookshop|coffee shop|flower shop|toy shop|garden|restaurant|bicycle shop|hotel|school|library|ice cream shop".split("|")
        tables["x"] = POEM_TOPICS
        self.grammar = Grammar(tables)

    def turn(self, rng):
        maker = rng.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
        ask, say = maker(rng)
        # Both sides go through one expansion, so that a labelled draw is the same in both.
        both = self.grammar.expand(ask + "\x00" + say, rng)
        ask, say = (side.strip() for side in both.split("\x00"))
        if rng.random() < 0.05:
            ask = ask.lower()
        return ask, say[0].upper() + say[1:] if maker is not instruction else say

    def talk(self, rng):
        """Usually one turn, sometimes two or three."""
        return [self.turn(rng) for _ in range(rng.choice([1, 1, 1, 1, 2, 3]))]
