"""Short stories with a hero, a wish, a trouble, a helper and an end; every part is drawn once and kept to the end."""

from . import words
from .grammar import Grammar

HEROES = {
    "girl": "she", "boy": "he", "fox": "he", "rabbit": "she", "bear": "he", "mouse": "she", "cat": "she", "dog": "he", "owl": "she",
    "robot": "he", "dragon": "he", "knight": "he", "princess": "she", "sailor": "he", "baker": "she", "gardener": "he", "farmer": "he",
    "wizard": "he", "witch": "she", "turtle": "she", "hedgehog": "he", "frog": "he", "duck": "she", "squirrel": "she", "elephant": "she",
    "penguin": "he", "wolf": "he", "lighthouse keeper": "he", "painter": "she", "clockmaker": "he", "ghost": "he", "king": "he",
    "queen": "she", "fisherman": "he", "giant": "he", "fairy": "she", "pirate": "he", "teacher": "she", "astronaut": "she", "snail": "he",
    "bee": "she", "crow": "he", "whale": "she", "kitten": "she", "puppy": "he", "mermaid": "she", "lion": "he", "detective": "she",
    "inventor": "he", "musician": "she", "old man": "he", "old woman": "she", "child": "she", "thief": "he", "star": "she", "cloud": "he",
    "tree": "she", "snowman": "he", "little boat": "she", "train": "he", "unicorn": "she", "monkey": "he", "deer": "she", "donkey": "he",
}
NAMES = {
    "she": "Anna Lily Mia Emma Sara Nora Rosa Ella Ivy Zoe Ada Maya Clara Alice Mary Luna Tilda Pia Wren Bella Olga Mina Ruby Hazel".split(),
    "he": "Tom Ben Sam Max Jack Leo Tim Paul Luke Finn Noah Omar Hugo Peter John Otto Bruno Felix Milo Oscar Rolf Emil Theo Gus".split(),
}
TRAITS = "brave|shy|kind|lonely|curious|clever|clumsy|small|old|young|cheerful|quiet|proud|gentle|tired|lazy|poor|hungry|happy|sleepy|funny|grumpy".split("|")
OBJECTS = """kite|lantern|red ball|music box|golden key|silver bell|map|drum|hat|book|lamp|boat|cup|clock|flower|seed|pearl|ring|letter|scarf|violin|flute|
wooden horse|umbrella|mirror|basket|blue stone|feather|candle|compass|teapot|paper boat|toy train|button|shell|crown|picture|telescope|pocket watch|magic stone|balloon|snow globe""".replace("\n", "").split("|")
PLACES = """the forest|the village|the sea|the river|the mountain|the garden|the castle|the meadow|the old bridge|the beach|the market|the lake|the library|
the lighthouse|the hill|the desert|the city|the farm|the island|the moon|the cave|the harbor|the train station|the school|the park""".replace("\n", "").split("|")

OPENINGS = """
Once upon a time, there was {a_hero} named {n}. {N} lived near {place}.
Once upon a time, {a_hero} named {n} lived near {place}.
There once was {a_hero} named {n}. {Pron} lived in a [small|little|warm] house near {place}.
Long ago, {a_hero} named {n} lived close to {place}.
In a small house near {place} lived {a_hero} named {n}.
{N} was {a_hero} who lived near {place}.
Near {place} lived {a_hero}. [Everybody called {obj_pron} {n}|{Poss} name was {n}].
In a [land|country|town] far away, there was {a_hero} called {n}. {Pron} loved {place}.
""".strip().splitlines()

PLOTS = {
    "lost": """{Poss} most precious thing was a {object}. {N} took the {object} everywhere. [One morning|One day], the {object} was gone!
[{N} looked under the bed and behind the door, but it was not there|{N} searched the whole house, but the {object} was not there]. "Oh no," said {n}. "[Where is my {object}|I must find it]?"
{N} went to {place} and met {a_friend} named {f}. "[Why are you sad|What is wrong]?" asked {f}. "[I lost my {object}|My {object} is gone]," said {n}. "[Let us look together|I will help you]," said {f}.
[They looked behind every stone|They walked and walked|They asked everyone they met]. At last {f} saw something [shine|move] [in the grass|under a leaf|behind a tree]. It was the {object}!
{N} was so happy that {pron} [danced|laughed|jumped for joy]. "Thank you, {f}," {pron} said. From that day on, {n} and {f} were [best|good] friends.""",
    "found": """One day {n} found a {object} near {place}. It was [old and dusty|bright and beautiful|wet from the rain]. "[Whose {object} is this|Who lost this {object}]?" {n} [wondered|asked].
{N} wanted to keep the {object}, but {pron} [knew|felt] that somebody [missed it|was looking for it]. So {pron} [went from door to door|walked to the village and asked everyone].
[At last|In the evening], {pron} met {a_friend} named {f}, who was crying. "[I lost my {object}|My {object} is gone]," said {f}. {N} smiled and held out the {object}. "[Is this yours|Here it is]," {pron} said.
{F} [stopped crying|was full of joy] and [hugged|thanked] {n}. "You are [very kind|honest]," said {f}. "[Come and eat cake with me|Let us be friends]."
{N} went home without the {object}, but with a new friend. And that was [much better|worth more than any {object}].""",
    "fear": """{N} was afraid of [the dark|deep water|thunder|high places|strangers].
Every [night|time], {n} hid [under a blanket|behind the door]. One evening, {pron} heard a small voice near {place}. "Help! Help!" It was {a_friend} named {f}, who [was stuck in the mud|had hurt a foot|had lost the way].
{N} was [shaking|very afraid]. But {f} needed help. {N} took a deep breath, took {poss} {object}, and went out. "[I am coming|Do not worry]," called {n}.
{Pron} [found {f} and pulled with all {poss} strength|took {f} by the hand and showed the way]. Soon {f} was safe. "[You are so brave|Thank you, you saved me]," said {f}.
"[I was afraid|My heart was beating fast]," said {n}, "but [I came anyway|you needed me]." That night {n} slept well, and {pron} was not afraid [any more|of anything].""",
    "learn": """{N} wanted to learn how to [play the violin|fly|swim|bake bread|paint|dance|sing|read].skill{skill}
The first time {pron} tried, [everything went wrong|it did not work at all]. [Some people|The others] laughed. {N} felt [sad|ashamed] and went to {place}, all alone.
There {pron} met {a_friend} named {f}. "Why do you [cry|sit here alone]?" asked {f}. "I cannot {skill}," said {n}. "[Nobody can do it at first|It takes time]," said {f}. "[Try a little every day|Let me show you]."
So every day {n} went to {place} and tried again. {F} [watched and helped|gave good advice]. [After many weeks|When spring came|Slowly, very slowly], it became easier.
[In the end|One day], {n} could {skill} [better than anyone|very well]. Everybody [clapped|cheered]. {N} looked at {f} and said, "[I did it because you believed in me|Thank you for your help].\"""",
    "share": """[It was a hard winter|It had not rained for months], and there was little to eat. {N} had only [one loaf of bread|a small pot of soup|five apples|a bag of nuts].
[That evening|One night], there was a knock at the door. It was {a_friend} named {f}. "[I am so hungry and cold|I have not eaten for two days]," said {f}. "[May I come in|Can you help me]?"
{N} looked at {poss} food. It was not much. But {pron} said, "[Come in and sit by the fire|Of course. Come in]. [We will share|Half of it is yours]." They ate together and [told stories|talked] [until late|all night].
In the morning, {f} was gone, but on the table lay a {object}. A note said: "[For a kind heart|Thank you for sharing]." [When {n} touched the {object}, the room filled with light|The {object} was made of pure gold].
From then on, {n} was never [hungry|cold] again, and {poss} door was [always open|open to everyone].""",
    "storm": """One night a [great|terrible|wild] storm came to {place}. The wind [blew|howled] and the rain fell. {N} was safe at home [by the fire|in bed] when {pron} heard a cry.
{N} opened the door. Outside stood {a_friend} named {f}, wet and cold. "[The wind took my house|A tree fell on my house]," said {f}. "[I have nowhere to go|Please help me]."
"Come in," said {n}. {Pron} gave {f} [a warm blanket and hot tea|soup and dry clothes]. They listened to the storm together. {F} saw the {object} on the shelf. "[What a beautiful {object}|Where did you get it]," said {f}. {N} told its story until they both fell asleep.
In the morning the sun was shining. "[Let us build you a new house|I will help you build a house]," said {n}. They worked for [three|five|seven] days. [The new house was strong and bright|It was the best house near {place}].
{N} gave {f} the {object} as a gift for the new house. [They were neighbors and friends forever|Every evening they drank tea together].""",
    "gift": """It was almost the birthday of {a_friend} named {f}. {N} wanted to give {f} [something special|the best gift in the world]. But {pron} had no money.
"What can I do?" thought {n}. {Pron} went to {place} and [thought and thought|looked around]. There {pron} found [some wood and an old string|paper and paint|a piece of blue glass].
All night {n} worked. {Pron} cut and [painted|glued] and [sang|hummed]. When the sun came up, {pron} had made a {object}. It was not perfect, but it was [made with love|beautiful].
At the party, everyone brought [big|expensive] gifts. {N} was [shy|ashamed] to show the {object}. But {f} opened the small box and [smiled|laughed with joy]. "[You made this for me|Did you make it yourself]?" asked {f}. {N} nodded.
"This is the best gift of all," said {f}, and [hugged {n}|kept the {object} forever].""",
    "wish": """One day, {n} found an old {object} near {place}. When {pron} [touched it|cleaned it], a voice said, "[I will give you one wish|Make a wish, {n}]."
{N} thought about [gold and a big house|sweets and toys|fame and riches]. Then {pron} saw {a_friend} named {f}, who sat all alone. "[Why are you alone|What is the matter]?" asked {n}. "I have no [friends|home]," said {f} [sadly|quietly].
{N} looked at the {object} and said, "I wish that {f} will never be [alone|sad] again." The {object} [shone|began to glow] and then it was [silent|dark].
"[But nothing happened|Did it work]," said {f}. {N} laughed and took {f} by the hand. "[Yes, it did|It did work]," {pron} said. "[You have me now|I am your friend]."
And so the wish came true. [The {object} stood on the shelf and never spoke again|They never needed another wish].""",
    "race": """Every year there was a great race from {place} to the old oak. The prize was a {object}. {N} wanted to win, but {pron} was [slow|small]. "You will never win," [said the others|they all said].
{N} trained every morning. On the day of the race, everyone [ran|started] fast. {N} was last. Then {pron} saw {a_friend} named {f} lying on the road. "[I fell|My leg hurts]," said {f}.
All the others ran past. But {n} stopped. "[I will help you|Lean on me]," {pron} said. Together they walked, step by step, [all the way|slowly]. When they came to the oak, [it was evening|the race was long over].
Everyone was waiting. The [old judge|queen] stood up and said, "[The fastest won the race, but {n} won our hearts|{N} did what none of you did]." And {pron} gave the {object} to {n}.
{N} [broke into a smile|was proud] and shared the prize with {f}.""",
    "truth": """{A_friend} named {f} had a beautiful {object}. One day {n} came to visit and [dropped it|played with it], and the {object} broke. Nobody saw it. {N} was afraid and [ran away to {place}|hid the pieces].
"Who broke my {object}?" cried {f}. "[It was the wind|Maybe it was the cat]," said {n}. But {poss} [heart was heavy|face was red]. That night {pron} could not sleep.
In the morning, {n} went to {f} and said, "[It was me|I broke your {object}]. I am sorry. I was afraid to tell you the truth." {F} was [quiet|silent] for a while.
Then {f} [smiled|took {poss} hand]. "[I am sad about the {object}|It was my favorite]," said {f}, "but [I am glad that you told me|a true friend is worth more]." Together they [repaired it with glue|put the pieces together].
The {object} was never [perfect|the same] again, but their friendship was stronger. And {n} never [told a lie|lied] again.""",
    "travel": """{N} had always dreamed of [seeing the world|what lies behind {place}]. One day {pron} packed a [small bag|basket] with bread, cheese and a {object}, and [went off|left].
The way was long. On the first day it rained. On the second day {pron} met {a_friend} named {f}. "[Where are you going|Why are you walking alone]?" asked {f}. "[To the end of the world|I want to see the world]," said {n}. "[May I come too|Take me with you]," said {f}.
So they went on together. They crossed a [river|desert], climbed a [hill|mountain] and slept under the stars. When it was dark, the {object} [reminded {n} of home|made them feel safe].
At last they came to the sea. It was [big and blue|wider than anything they had seen]. They sat down and were quiet. "[It is beautiful|So this is the end of the world]," said {f}. "[Yes|It is]," said {n}, "[but now I miss my home|and I am glad that you are here]."
Then they turned around and walked home, and they had [many stories|a lot] to tell.""",
    "plant": """One spring, {n} planted a seed near {place}. Every day {pron} [watered it|gave it water] and waited. Nothing happened. "[It is dead|Nothing will grow]," said {a_friend} named {f}.
But {n} did not give up. {Pron} sang to the seed and [kept the ground wet|protected it with a {object}]. [One morning|After three weeks], there was a tiny green leaf! "Look, {f}!" called {n}.
The plant grew and grew. In summer it was taller than {n}. Then a [storm came|dry month came], and {n} was [worried|afraid]. {F} came to help. Together they [held the plant|carried water from the river] all night.
In autumn, the plant was full of [red apples|golden flowers|sweet berries]. Everyone near {place} came to [see|taste] it. "[How did you do it|What is your secret]?" they asked.
"[I waited|I was patient]," said {n}, "and I had a good friend." {F} [smiled and took a bite|laughed].""",
    "new_friend": """{N} was often alone. [The others played|Everyone played] near {place}, but nobody asked {n}. So {pron} sat with {poss} {object} and [watched the clouds|counted the birds].
One day, {a_friend} named {f} came to live near {place}. {F} was [new and knew nobody|very shy]. The others said, "[{F} is strange|We do not know you]," and ran away.
{N} saw it and [remembered how it felt|felt sorry]. {Pron} took the {object} and went to {f}. "[Hello|Good morning]," said {n}. "[Do you want to play with me|Would you like to see my {object}]?" {F} looked up and [smiled|nodded].
They played all day. They [laughed and ran|told each other stories], and [the time flew|the day was too short]. The others heard the laughter and [came closer|became curious]. "[Can we play too|May we join you]?" they asked.
"Of course," said {n} and {f}. And nobody near {place} was alone [any more|again].""",
    "mystery": """One morning, something was wrong at {place}. The {object} that had [always been there|stood there for years] was gone! "[Who took it|Where is the {object}]?" everybody asked. {N} wanted to find out.
{Pron} looked at the ground and saw [small footprints|a line of crumbs|a long thread]. {Pron} followed it over the hill and [through the trees|along the water] until {pron} came to a [little door|small cave|hollow tree].
Inside sat {a_friend} named {f} with the {object}. "[You took it|So it was you]," said {n}. {F} began to cry. "[I only wanted to look at it|It is so beautiful, and my home is so dark]," said {f}.
{N} thought for a while. "[Bring it back|We must bring it back]," {pron} said, "[and you may see it every day|then you can come and look at it with me]." {F} [nodded|dried the tears].
They carried the {object} back together. Nobody was angry, and {n} had [solved the riddle|found the answer] and a new friend as well.""",
    "night": """One night, {n} could not sleep. {Pron} looked out of the window and saw a light near {place}. "What is that?" {pron} whispered. {Pron} put on {poss} coat, took the {object}, and went out.
The light came from a small star that had fallen from the sky. "[I want to go home|I am so far from home]," said the star. "[Can you help me|I cannot fly alone]?" {N} wanted to help, but the sky was so high.
Then {a_friend} named {f} came by. "[I know the highest place of all|Let us climb the tall tower]," said {f}. Together they carried the star [up and up|step by step] until they could almost touch the clouds.
{N} [held up the {object}|threw the star as high as {pron} could], the wind came, and the star rose [slowly|higher and higher] into the dark sky. "[Thank you|I will never forget you]," it called.
Now every night one star [winks|shines brighter than the others] at {n} and {f}. And they [smile|wave] and [sleep well|go to bed].""",
}
MORALS = """
The end.
And they lived happily ever after.
So {n} learned that [kindness|courage|patience|honesty|a good friend] is worth more than gold.
{N} went to bed with a smile.
And if you go to {place} today, you may still see {n} and {f} together.
""".strip().splitlines()


def story_parts(rng):
    """The things a story is about: hero, friend, object and place."""
    hero, friend = rng.sample(sorted(HEROES), 2)
    pron = HEROES[hero]
    if rng.random() < 0.3:
        hero, pron = rng.choice(words.ANIMAL + words.JOB), rng.choice(["he", "she"])
    name = rng.choice(NAMES[pron])
    other = rng.choice([n for n in NAMES[HEROES[friend]] if n != name])
    trait = rng.choice(TRAITS) + " " if rng.random() < 0.6 and " " not in hero else ""
    return {
        "hero": trait + hero, "n": name, "pron": pron, "friend": friend, "f": other,
        "object": rng.choice(OBJECTS), "place": rng.choice(PLACES), "plot": rng.choice(sorted(PLOTS)),
    }


def tables_for(parts):
    pron = parts["pron"]
    female = pron == "she"
    return {
        "a_hero": ["a " + parts["hero"]], "n": [parts["n"]], "N": [parts["n"]], "pron": [pron], "Pron": [pron.capitalize()],
        "poss": ["her" if female else "his"], "Poss": ["Her" if female else "His"], "obj_pron": ["her" if female else "him"],
        "a_friend": ["a " + parts["friend"]], "A_friend": ["A " + parts["friend"]], "f": [parts["f"]], "F": [parts["f"]],
        "object": [parts["object"]], "place": [parts["place"]], "skill": [parts.get("skill", "")],
    }


def plain_plot(name, parts, rng):
    """The plot's text; a skill named in its first sentence is kept for the later ones."""
    text = PLOTS[name]
    if "skill{skill}" in text:
        parts["skill"] = rng.choice(["play the violin", "fly", "swim", "bake bread", "paint", "dance", "sing", "read"])
        text = text.replace("[play the violin|fly|swim|bake bread|paint|dance|sing|read].skill{skill}", parts["skill"] + ".")
    return text


def tell(parts, rng):
    """A story of about 200 words with the given parts."""
    plot = plain_plot(parts["plot"], parts, rng)
    grammar = Grammar(tables_for(parts))
    opening = rng.choice(OPENINGS)
    end = "\n" + rng.choice(MORALS) if rng.random() < 0.5 else ""
    text = "\n".join([opening + " " + plot.split("\n")[0]] + plot.split("\n")[1:]) + end
    return grammar.expand(text, rng).replace("\n", "\n\n" if rng.random() < 0.3 else " ")


REQUESTS = """
Tell me a story about {x}.
Write a short story about {x}.
Write a story about {x}.
Tell a story about {x}.
Can you tell me a story about {x}?
Please tell me a story about {x}.
I want to hear a story about {x}.
Tell me a short story about {x}.
Make up a story about {x}.
Write a bedtime story about {x}.
Story about {x}, please.
Give me a little story about {x}.
""".strip().splitlines()


def subject(parts, rng):
    """How a user may name what the story should be about."""
    hero = "a " + parts["hero"]
    forms = [
        hero, hero, f"{hero} named {parts['n']}", f"{parts['n']} the {parts['hero'].split(' ')[-1]}", f"{hero} and a {parts['object']}",
        f"{hero} and a {parts['friend']}", f"{hero} near {parts['place']}", f"{hero} named {parts['n']} and a {parts['friend']} named {parts['f']}",
    ]
    by_plot = {
        "lost": f"{hero} who loses a {parts['object']}", "found": f"{hero} who finds a {parts['object']}", "race": f"{hero} who wants to win a race",
        "travel": f"{hero} who travels to the sea", "plant": f"{hero} who plants a seed", "wish": f"{hero} who finds a magic {parts['object']}",
        "new_friend": f"{hero} who finds a friend", "storm": f"{hero} and a storm", "share": f"{hero} who shares", "gift": f"{hero} who makes a gift",
        "fear": f"{hero} who is afraid", "truth": f"{hero} who tells the truth", "night": f"{hero} who finds a star", "mystery": f"{hero} who solves a mystery",
        "learn": f"{hero} who wants to learn",
    }
    return rng.choice(forms + [by_plot[parts["plot"]]] * 4)


def request_and_story(rng):
    parts = story_parts(rng)
    ask = Grammar({"x": [subject(parts, rng)]}).expand(rng.choice(REQUESTS), rng)
    return ask, tell(parts, rng)
