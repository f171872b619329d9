"""Prompts that ask for something imagined: stories, poems, songs, scenes, slogans, ideas."""

from .grammar import options

CREATIVE_OPEN = """
Write a [short|brief|funny|sad|scary|heartwarming|] [story|short story|fairy tale|fable|tale|bedtime story|ghost story|mystery|love story|science fiction story|fantasy story] about {character} [in {setting}|who {story_act}|].
Write a [short|funny|silly|romantic|melancholic|] [poem|haiku|sonnet|limerick|ballad|free verse poem|rhyming poem|ode|nursery rhyme|lullaby] about [{theme}|{thing}|a {animal}|{place}|{character}].
Write [the lyrics of|the lyrics for|the chorus of|] a [song|country song|rap song|love song|rock song|folk song|lullaby|jazz song] about [{theme}|{thing}|{story_end}].
Write a [dialogue|conversation|scene|short play|sketch|comedy sketch|argument] between {being} and {being}.
Write a [dialogue|scene] in which {character} [meets|argues with|says goodbye to|falls in love with|tricks] {character}.
Write a [monologue|speech|letter|diary entry|love letter|farewell letter|postcard] from [the perspective of|] {being} [to {character}|on {story_end}|about {theme}].
Write a [catchy|short|funny|clever|memorable|] [slogan|tagline|jingle|advertisement|product description|commercial] for {product}.
Write the [opening|first paragraph|first chapter|opening scene|ending|last paragraph|prologue|opening line] of a [novel|mystery novel|fantasy novel|thriller|romance|horror story|science fiction novel] [set in {setting}|about {character}|called {title}|where {plot}].
Write a [story|scene|short story|myth|legend|fable] [where|in which] {plot}.
Write a [funny|spooky|magical|touching|surreal] [story|tale|scene] set in {setting}.
Write a [myth|legend|creation myth|folk tale] that explains why [the sea is salty|the moon changes shape|{animal}s {habit}|the sky is blue|there are stars|people dream].
Write a [joke|pun|riddle|tongue twister|funny one-liner] about [{animal}s|{job}s|{food}|{thing}].
Write a [movie|film|book|short film|cartoon] [trailer|pitch|scene|script|synopsis|blurb] [about {character}|where {plot}|set in {setting}].
Write an [imaginative|exciting|amusing|] [essay|review|travel diary|article|personal essay] about [a holiday in {place}|{theme}|an imaginary restaurant|a visit to {setting}].
Write a [birthday|thank you|holiday|wedding|valentine] [poem|card message|toast|verse] for [my mother|a friend|{name}|a {job}|my grandmother].
Write a [vivid|short|] [description|character sketch|portrait] of {character} [in {setting}|].
Write a [bedtime|children's] story [for a child|for a five year old|] [about {character}|with a {animal} and a {animal}].
Write a [persuasive|funny|heartfelt|dramatic] [speech|letter|email|toast|post] [to {character}|for a character|from {character} to {character}] about [{theme}|{thing}].
Write [a story|a poem|a scene|a song] [that begins|that starts|that ends] with [the sentence|the line|]: "{story_begin}"
Write [four|six|eight|twelve] [lines|verses] [of poetry|in rhyme] about {theme}.
Write an [epic|alternate|original|imaginary] [ending|history|adventure|legend|tale] [of|for|about] [{title}|{place}|{character}].
Write a story that takes place [in a single night|over a hundred years|in one room|on a train] and [has no dialogue|ends where it began|is told by {being}].
Write about [a morning|the last hour|the first day|a meal|a meeting] in the life of {character}.
Write a [comic|tragic|gentle|gothic|noir|dystopian|cyberpunk|steampunk|pastoral] [tale|scene|vignette|piece|story] [with|starring|featuring] {character} and {thing}.
Write a [conversation|phone call|exchange of letters|chat] between [{theme} and {theme}|a {animal} and a {animal}|{character} and {character}|the sun and the moon|a {job} and {thing}].
Write [lines|verses|a verse|a stanza|a prose poem|an elegy|a hymn|a lament|an acrostic|a villanelle] [on|to|in praise of|about] {theme}.
[Weave|Spin|Paint|Dream up|Conjure] a [tale|story|scene|picture in words|legend] [of|about] [{character}|{theme}|{setting}].
In {setting}, {character} {story_act}. [Write the scene|Tell what happens|Write their story|What happens next? Write it as a story].
[A|One] {job} [discovers|finds|inherits|is given] {thing} that [can change the past|speaks|shows the future|grows every night|plays by itself]. Write [the story|the first scene|a short tale about it].
What would [a {animal}|{thing}|{being}|the wind|a forgotten toy] [dream of|say to us|write in a diary|sing about]? [Write it|Put it into a poem|Tell it as a story].
[Describe|Create] a [scene|moment|world|place] [in which|where] {plot}, [with all its colors and sounds|as a short piece of fiction|in a lyrical style].
Tell [me|us] a [story|joke|fairy tale|bedtime story|scary story|funny story|tall tale] about [{character}|a {animal} who {story_act}|{thing}].
Tell the story of [{character}|the last {animal} on Earth|a {animal} who {story_act}|a city where {plot}].
Compose a [poem|song|haiku|lullaby|short melody in words|sonnet|hymn|story|limerick|ballad] [about|for|inspired by] [{theme}|{place}|{person}|{character}].
Create a [story|poem|fairy tale|superhero|fictional character|new holiday|magical creature|fantasy world|imaginary planet|board game|comic strip|myth|character|song] [about {theme}|called {pseudo_name}|for children|inspired by {place}|that lives in {setting}].
Create a [backstory|character|dialogue|short scene|name and a history] for {character}.
Invent a [new|strange|] [holiday|animal|sport|language|recipe|creature|festival|gadget|planet|game|superhero] [and describe it|and tell its story|that involves {theme}|for people who {habit}].
Imagine a [world|city|planet|future|society|day] [where|in which] {plot}. [Describe it|Write a scene set there|What would it look like|Tell the story of someone who lives there].
Imagine [that|] {plot}. [Write the story|Describe what happens next|Write a short scene|Tell us how the day ends].
Come up with [a|five|three|ten|some] [creative|funny|original|catchy|] [names|slogans|titles|names|ideas|taglines|nicknames] for {product}.
Come up with a [plot|story idea|twist ending|character] for [a novel about {theme}|a film set in {setting}|a mystery].
Make up a [story|song|rhyme|word|game|legend|joke] about [{thing}|{character}|{animal}s].
Brainstorm [some|ten|five|creative|] [ideas|names|titles|plots] for [a story about {theme}|{product}|a short film|a children's book].
Describe [a sunset|a storm|{setting}|{place}|an imaginary city|a dream|{character}] [poetically|as if it were alive|through the eyes of {character}|using vivid imagery|in the style of {person}|to someone who cannot see|using all five senses].
Finish the story: "{story_begin}"
Continue [this|the] story: {story_begin}
Complete this poem: "[Roses are red|The moon is high|In a quiet {pseudo} town|Oh {place}, my home]"
Rewrite [the story of|the ending of|] {title} [as a comedy|with a happy ending|from the point of view of the villain|in {place}|as a poem].
Retell [the story of|] {title} [from the perspective of {being}|as a bedtime story|set in the year {2100-3000}].
Draft a [poem|short story|scene|fairy tale|fictional news report|humorous speech] [about|on] [{theme}|{character}|{thing}].
Pen a [poem|haiku|letter|song|short tale] [to|about] [{theme}|the person I will be in ten years|{thing}].
Craft a [short story|poem|riddle|spell|legend|scene|suspenseful scene|metaphor] [about|for|inspired by] [{theme}|{character}|{thing}].
Design [a fantasy creature|a magical school|an imaginary city|a new superhero|a world of clouds] [and describe it|and tell how it came to be].
Give me [a story|a poem|a haiku|a funny tale|an idea for a novel|a metaphor for {theme}|a plot twist] [about|involving] [{theme}|{thing}|{character}].
[Please|Can you|Could you|I want you to|I'd like you to] write [me|] a [poem|story|song|haiku|fairy tale|love letter] [about|for] [{theme}|{character}|my {animal}|{name}].
I need a [poem|short story|song|slogan|toast] [about|for] [{theme}|{product}|my sister's wedding|{character}].
A [poem|story|haiku|song] about [{theme}|{character}|{thing}], please.
{story_begin} [Continue the story|Write what happens next|Finish this tale].
""".strip().splitlines()

CREATIVE_MORE = """
[Use|Include|Fill it with] [smells and colors|bold pictures|metaphors|a surprising turn|humor|rhymes|strong feelings|a touch of magic|beautiful language] [for {theme}|].
The [story|poem|scene|tale] should [close with|begin with|explore|capture|evoke|convey|be about] [{theme}|a surprise|a sense of wonder|the feeling of {theme}|a moment of {theme}|a question|{story_end}].
[About|Some] {4-40} [lines|sentences|verses|pages] [are fine|will do].
[Make it|It should be|Keep it] [funny|sad|mysterious|touching|hopeful|dark|dreamlike|playful|romantic|suspenseful|full of wonder|whimsical].
The [main character|hero|narrator|protagonist] [is|should be] {character} [who {story_act}|].
[Focus on|Explore|Capture|Describe] [the feelings of {character}|the atmosphere|the mood|the sounds and smells|the theme of {theme}|the feeling of {theme}|the moment when {plot}|what {character} sees].
It [takes place|is set|begins|ends] in {setting}.
[The tone should be|Give it a tone that is|Let the mood be] [light|dark|dreamy|funny|nostalgic|hopeful|eerie].
[Show|Tell] how {character} [changes|feels|learns about {theme}|discovers {thing}|{story_act}].
[One day|Suddenly|At the end|In the final scene], {plot}.
Let the [reader|audience] feel [the cold|{theme}|the loneliness of {character}|the magic].
Give the [hero|story|characters] [a name|a secret|an unusual ending|distinct voices|a moral].
Use the style of [{person}|a fairy tale|a folk song|an old legend|a Gothic novel].
""".strip().splitlines()

TABLES = {
    "story_act": options("is afraid of the dark|finds {thing}|wants to fly|cannot sleep|discovers a hidden door|loses {thing}|learns to dance|can talk to {animal}s|hears a strange song|travels through time|keeps a secret|builds {thing}|falls in love|meets {being}|has to save {setting}|forgets everything each night|receives a letter from the future|opens a small shop|can paint things that come alive|wants to see {place}|is looking for {theme}"),
    "plot": options("it never stops raining|nobody can remember {theme}|{character} wakes up in {setting}|{character} finds {thing}|the moon disappears|all the {animal}s begin to talk|time runs backwards|dreams are sold in shops|{character} must choose between {theme} and {theme}|shadows have a life of their own|{being} comes to dinner|music becomes visible|the sun does not rise|people trade memories|{thing} grants wishes|every door leads to {setting}|books write themselves|gravity stops for a day|{character} and {character} meet for the first time|machines have feelings|everyone forgets how to read"),
    "story_end": options("{character} going home|a door opening|the last train leaving|the first snow|a broken promise|an old friend coming back|losing a friend|a rainy afternoon|leaving home|a summer night|waking from a dream|finding {thing}"),
    "story_begin": options("The door opened, and {character} stepped in.|It was raining when {name} found the letter.|Once upon a time there was {character}.|On the last day of the world, {name} went to the market.|Nobody in the village believed {name}.|The clock struck thirteen.|Deep in {setting}, something woke up.|When {name} opened the box, {thing} was gone.|There once was {character} in {setting}.|Late at night, {name} heard a knock."),
}


def make(grammar, rng):
    """One creative prompt: the wish, often with mood, content or length."""
    parts = [grammar.expand(rng.choice(CREATIVE_OPEN), rng)]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        parts.append(grammar.expand(rng.choice(CREATIVE_MORE), rng))
    return " ".join(parts)
