"""Prompts that ask for knowledge: who, what, when, where, why in general, explain, describe."""

from .grammar import options

FACTUAL_OPEN = """
What is {concept}?
What are {concept}, and why [are they important|do they matter]?
What [exactly|] is {concept} and how does it work?
In the field of {concept.1}, what [is|does] [{concept}|the {pseudo} model|the term {pseudo}] [mean|] and how [is it used|does it relate to {concept.1}]? [Provide examples|]
What are the [main|key] [characteristics|differences|similarities|mechanisms|arguments|theories] [of|between|behind] {concept.1} and {concept.2}, and how do they [differ|affect {place}|influence modern {subject}]?
How [does|do|did] {concept.1} [affect|influence|shape|relate to|lead to] {concept.2} [and what are the results|over time|]?
Explain the [process|mechanism|theory|role] of {concept.1} and its [importance|relationship to {concept.2}|effects on {place}]. [Give some examples|]
Describe the [structure|role|functions] of {concept.1} and how [it relates|they relate] to {concept.2}.
Which [methods|theories|events|factors|laws] [led to|explain|shaped|are used in] {concept}? [Explain briefly|]
How do the [stages|parts|laws] of {concept.1} [work|interact|fit together]? What [is|are] the [role|effects] of {concept.2}?
What [should I know|do scientists know|did people believe] about {concept} [in {place}|before {event}|]?
Explain the [causes|meaning|history|importance|structure|functions] of {concept.1} and [its|the] [effects on {place}|relation to {concept}|role in {event}|use in {subject}].
Describe [what|how|where|when|why] [{group} {deed} {noun}|{concept} came to be|{event} began|{concept} matters to {group}] and [what followed|who was involved|how it is seen today|which role {person} played].
[Explain|Describe|Tell me] [who {person} was|what {concept} is|what happened during {event}|how {thing} is made] and [why {group} remember it|what it changed|how it relates to {concept}].
What is {concept.1}, [who|how|when|where] [discovered it|does it work|did it begin|is it used], and [what are its limits|why does it matter|what are its effects on {group}]?
[Who|What] [was|is] {person}, and what [is|was] [the significance|the influence|the importance] of [the work|{title}|{concept}] [for|in] {subject}?
[Discuss|Examine|Explore] the [relationship|link|tension|connection] between {concept.1} and {concept.2} in [{place}|{subject}|the {1000-1990}s|history].
[How|Why] did {place} [become|stop being|turn into] [a republic|an empire|rich|independent|a center of {concept}]?
[Describe|Explain] the [rise|fall|spread|growth|origin|discovery|invention] of [{concept}|{thing}|{place}|the {pseudo_name} empire] [and its consequences|and the people behind it|between {1200-1700} and {1701-2000}|].
What [were|are] the [terms|aims|results|origins|main points] of [{event}|the treaty of {place}|the {pseudo_name} plan]?
[Who|What] was {person}'s [teacher|most famous work|main contribution to {concept}|rival], and [why does it matter|what came of it]?
What [makes|made] [{place}|{person}|{concept}|the {animal}] [unique|famous|important|different from others]?
What is the difference between {concept.1} and {concept.2}?
What is the capital of {place}?
What is the [largest|smallest|highest|deepest|longest|oldest|fastest|most populated] [city|country|lake|river|mountain|desert|ocean|animal|planet|building|bridge|island|bone|bird|mammal] in [{place}|the world|the solar system|the human body]?
What year [did {event} begin|did {event} end|was {person} born|did {person} die]?
What causes [{concept}|{effect}]?
What does {abbreviation} stand for?
What does the word "{pseudo}" mean?
What is {person} [best|] known for?
What [language|currency|religion] is [spoken|used|common] in {place}?
What happens if you [eat {food} every day|sit on {thing}|live on the moon|drink only tea|{habit}|do not sleep for {2-9} days|touch a {animal}]?
What happens to [your body|the brain|water|light|metal|the economy|an animal] when [it gets very cold|you sleep|prices rise|you {habit}|it is heated|it falls into a black hole]?
What are the [main|key|primary|most important|basic|three main|four] [types|causes|effects|parts|features|components|principles|functions|stages|benefits|symptoms|branches] of {concept}?
What are the main [exports|languages|religions|rivers|cities|traditions] of {place}?
What are some [examples of|facts about|common myths about|uses of|famous works about] {concept}?
What role did {person} play in {event}?
What role does {concept.1} play in {concept.2}?
What kind of [animal|food|instrument|plant|music|government] [is a {animal}|comes from {place}|is {pseudo}]?
What was {event} and [when did it take place|who took part in it|what were its consequences|why is it remembered]?
What color is [a {animal}|the flag of {place}|{food}]?
What do {animal}s eat [in the wild|in winter|]?
What is the [boiling point|melting point|chemical symbol|chemical formula|atomic number|density|speed] of {substance}?
What is the [population|area|national anthem|national animal|official language|climate|currency|time zone] of {place}?
What [percentage|share|part] of [people|adults|the population|children] in {place} [{habit}|are rich|own {thing}|believe in ghosts]?
What is the most [popular|common|expensive|famous|dangerous] [food|sport|drink|name|animal|superstition|religion|job] in {place}?
Who [was|is] {person}?
Who [invented|discovered|created|built|designed|first described|developed] [{thing}|{concept}]?
Who wrote [{title}|the {pseudo_name} Letters|the novel {title}] [and when was it published|]?
Who was the [first|second|third|last|current|youngest] [president|king|queen|emperor|prime minister|leader|person to visit|champion] of {place}?
Who [won|hosted|lost|started|ended] {event}?
Who played [the lead role|{name} {pseudo_name}|the villain] in [{title}|the film {title}]?
Who sang [the song|] {title} [in {1950-2020}|]?
Who painted {title}?
Who [is|are] the [author|singer|director|owner|founder] of [{title}|{pseudo_name}]?
When did [{event} begin|{event} end|{person} live|{place} become independent|{person} win the Nobel Prize|people first use {thing}|the movie {title} come out]?
When was [{person} born|{thing} invented|{title} written|the {pseudo_name} company founded|the first {animal} seen in {place}|the {pseudo_name} building built]?
When is the best time to [visit {place}|plant {food}|see {concept}]?
When [does|did] the new season of {title} [start|come out|air]?
Where is {place} [located|]?
Where [does|did] {food} come from?
Where was {person} born [and raised|]?
Where do {animal}s [live|sleep|go in winter|lay their eggs]?
Where did the [word|phrase|name|tradition|idea] [{pseudo}|of {concept}] come from?
Where was [the movie {title}|{title}|{event}] [filmed|set|held]?
Which [country|city|planet|animal|metal|element|ocean|continent|king|team|company|state] [is the largest|has the most people|is closest to the sun|is the oldest|won in {1930-2020}|produces the most {food}|is known for {concept}|borders {place}|ruled {place}]?
Which [countries|people|animals|states|cities|religions] [speak {language}|took part in {event}|live in {place}|have the strictest laws|are the healthiest|believe that {belief}]?
Why [is|are] {concept} [important|dangerous|useful|so hard to understand|interesting to scientists]?
Why [do|don't] [{animal}s|people|cats|plants|birds|the French|the rich|women|men] [sleep|{habit}|fly south|have tails|cry|sing|live so long|eat {food}]?
Why [is the sky blue|is the sea salty|does ice float|do leaves change color|is {place} famous|did {event} happen|is {person} remembered|do we dream|does bread rise|do we yawn]?
Why was {person} [important|famous|controversial|arrested|awarded the Nobel Prize]?
How does {concept} work?
How do [{animal}s|plants|bees|airplanes|computers|vaccines|magnets|batteries|engines|submarines] [communicate|breathe|fly|work|survive the winter|make energy|see in the dark]?
How [long|far|old|tall|deep|big|fast|heavy] is [{place}|the universe|an adult {animal}|the moon|a blue whale|the Great Wall|light|the Nile|a marathon]?
How many [bones|teeth|planets|countries|continents|moons|states|players|languages|strings|legs|keys] [are there in {place}|are in the human body|does a {animal} have|does Jupiter have|are there in the world|are on a football team|does a piano have]?
How much [of the Earth is covered by water|does a {animal} weigh|does it cost to live in {place}|sleep do adults need|do {job}s earn]?
How did [{event} begin|{event} end|{person} die|{person} change the world|{place} get its name|{concept} influence {event}|ancient people measure time]?
How has {concept} changed [over time|over the last century|since {1900-2010}|the way we live]?
How is {thing} made?
How common is it [to {habit}|for {animal}s to live alone]?
How often [do people {habit}|does {concept} occur|should one drink water]?
Is it [true|safe|legal|possible|healthy|dangerous|illegal] [that {belief}|to {habit}|to own a {animal} in {place}|to eat {food} raw]?
Is {concept} [real|dangerous|a science|a myth|the same as {concept}]?
Can [{animal}s|humans|plants|fish|you|a person] [see color|live without water|{habit}|feel pain|survive in space|get sick from {food}|fly]?
Can {concept} be [measured|stopped|explained|proven|seen from space]?
Do [{animal}s|all birds|most people|plants|babies|trees] [sleep|have a memory|believe that {belief}|{habit}|get cold]?
Does [{food} contain iron|{food} keep you awake|{place} have a king|{concept} exist|cold air weigh more|a {animal} have teeth|{place} control {concept}]?
Did [{person} really exist|{person} know {person}|people in {place} {habit}|{event} really happen|dinosaurs live with humans]?
Are [all {animal}s|people in {place}|{job}s|most swans|humans] [dangerous|happy|awake at night|taller than others|allowed to {habit}]?
Are there any [countries|animals|cities|places|people] [where {belief}|without {concept}|that cannot {habit}|that speak {language}]?
Explain {concept}.
Explain [how|why] {concept} [works|matters|is important|came about|affects our lives].
Explain [the concept of|the theory of|the basics of|the idea behind|the science behind|the process of|the history of|the significance of] {concept}.
Explain the [difference|relationship|connection] between {concept.1} and {concept.2}.
Explain [what|] {concept} [is|means] [in simple terms|to a beginner|and give an example|and where it is used].
Explain the [causes|consequences|importance|main ideas] of [{event}|{concept}].
Describe {concept}.
Describe the [process|structure|history|main features|function|life cycle|origins|impact|role|importance] of [{concept}|a {animal}|{place}|{thing}].
Describe the [causes|key events|main figures|course|effects|outcome] of {event}.
Describe the [geography|climate|culture|economy|history|government|cuisine|wildlife] of {place}.
Describe the life [and work|and achievements|] of {person}.
Describe how {concept} [works|is measured|developed|led to {event}].
Summarize [the history of {place}|{event}|the life of {person}|the main ideas of {concept}|the plot of {title}|the theory of {concept}].
Give [me|] [an overview|a short overview|a summary|a brief history|a short explanation|the definition|some examples] of [{concept}|{event}].
Give [some|] [background|information|facts] [on|about] [{concept}|{person}|{event}|{place}].
Provide [an overview|a summary|a history|an explanation|a detailed account] of [{concept}|{event}|the life of {person}].
Tell me about [{person}|{place}|{event}|{concept}|{animal}s|the history of {thing}].
Tell me [what you know about|something about|who discovered|the main facts about] {concept}.
Define {concept} [and give an example|in your own words|].
Outline the [history|main stages|key events|development] of [{event}|{concept}].
Discuss the [causes|history|impact|significance|role|origins] of [{event}|{concept}].
Discuss [how|why] {person} [influenced|changed|is important to] {concept}.
Compare [the economies of {place} and {place}|the governments of {place} and {place}|{concept.1} and {concept.2} in terms of what they are].
Name the [capital|president|largest city|longest river|author|inventor] of [{place}|{thing}].
Identify the [parts|main causes|key figures|stages] of [{event}|{concept}].
[The|] {pseudo_name} [is|was] located in which country?
[the name of|] the [first|last|main] [episode|king|song|character|player|city] [of|in] {title} [is|was called|]
[who|what|when|where] [is|was|did] [the|] [meaning of {pseudo}|{person} first {past_act}|{place} join the union|last time {place} won the world cup]
[In which|In what|What|On which] [year|city|country|century|continent|month] [was {person} born|did {event} take place|is {place}|was {thing} invented]?
[For which|In which|From which] [film|novel|country|sport|band|opera] [did {person} win an award|does the character {name} appear|is {name} {pseudo_name} known|do we get {food}]?
The {animal} belongs to which [family|class|order] of animals?
""".strip().splitlines()

# Short questions put together from parts; most questions people ask a search engine look like these.
FACTUAL_SHORT = """
What [do|did|does] {group} [call|do with|need for|use|think about|mean by] {noun}?
What [happens|happened|will happen] [if|when] {you} [{habit}|{deed} {noun}]?
What [will|would] happen to {you} if {you} [{habit}|{deed} {noun}]?
If {you} [{habit}|{deed} {noun}], what [happens|will happen|does that mean]?
What is [the best|the worst|a good|a] [way|time|place|age|reason|cure|word|name] [to {deed} {noun}|for {noun}]?
What [did|does] {person} [say|think|believe|do] [about {noun}|in {place}|after {event}]?
What [color|tool|sort of {noun}] [do|did] {group} [need|wear|choose] [in {place}|to {deed} {noun}]?
What [effect|effects|impact] [does|do] {noun} have on {noun}?
What [evidence|proof] is there that {belief}?
What's [the|a] [name|story|truth|size|price|secret|meaning] [of|behind] {noun}?
Who [wrote|invented|said|made|owns|stole|built|killed|runs] [{noun}|{title}|{event}|"{pseudo} {pseudo}"]?
Who [is|are] [richer|more|better at {concept}|healthier], {group} or {group}?
When [do|did|will] {group} [{habit}|{deed} {noun}]?
Where [do|did|can|should] [{group}|{you}] [{deed} {noun}|{habit}|get {noun}|find {noun}]?
Where [is|was|are] {noun} [made|found|kept|from]?
Which [{group}|noun|country|animal|religion|kind of {noun}] [is|was|has|does] [the oldest|never {habit}|the most {noun}|better for {noun}]?
Why [do|did|don't|can't|shouldn't] {group} [{habit}|{deed} {noun}]?
Why [is|are|was|were|isn't] {noun} [so|] [{adj}|bad for {group}|illegal in {place}|called {pseudo}|important|a problem for {group}]?
How [do|did|can|should] {group} [{deed} {noun}|{habit}]?
How [many|much] {noun} [do {group} {deed}|does {place} have|is there in {noun}|should {you} {deed}]?
How [long|often|far|soon|early] [should|can|do|must] {you} [wait before {you} {deed} {noun}|{habit}|{deed} {noun}]?
How [dangerous|common|expensive|accurate|effective|safe] [is|are] {noun}?
[Is|Are|Was|Were] {noun} [{adj}|real|good for {group}|banned in {place}|bigger than {noun}|made in {place}|the same thing as {noun}]?
[Is there|Are there|Was there] [any|really a|a] {noun} [in {place}|that can {deed} {noun}|that cause {noun}|for {group}]?
[Do|Did|Can|Could|Should|Will|Would] {group} [{habit}|{deed} {noun}|understand {noun}|live without {noun}]?
[Does|Did|Can|Will] {noun} [cause|help|prevent|stop|cure|affect|come from] {noun}?
[Has|Have|Had] [{group}|{person}|{place}] [ever|really|] [seen|won|lost|been part of|had] {noun}?
{person} [is|was] [a {job}|born in {place}|known for] what?
[name|year|date|cast|list] of {noun} in {place}
[Give|Tell] me the [name|year|date|origin] of {noun}.
""".strip().splitlines()

FACTUAL_MORE = """
What [came of it|were the results|did it change] [in {place}|on the world|on society|on science|today|]?
[Why|How] is it [important|significant|used|relevant] [today|for science|in everyday life|in history|in medicine|]?
Who [was involved|were the key figures|discovered it|first described it|led it]?
When and where did it [happen|begin|originate|start]?
How does it [work|differ from {concept}|affect the environment|relate to {concept}|influence modern life]?
What are [some|the most common|two|three|the best known] [examples|types|applications|misconceptions|facts]?
[Include|Mention|Cover|Discuss|Explain|Describe|Detail|Outline] [the main causes|key dates|important people|the key stages|the role of {concept}|its history|how it is used today|its significance|the scientific principles involved|the key differences|why it matters].
[Explain|Describe] [the part that {person} had in it|the role of {concept}|how it was discovered|the process behind it|its main parts|what led to it] [and what it did to {concept}|].
[Which stages did it go through|How did it develop] [over the centuries|until our time|]?
What is [its|their] [significance|purpose|function|origin|legacy] in [the history of {concept}|the field of {subject}|modern {subject}]?
[Give|Provide|Include] [an example|two examples|a brief definition|some background|real-world examples] [of each|for each|if possible|].
Also explain [what causes it|how it is measured|who benefits from it|what it is made of|the difference between {concept} and {concept}].
[Discuss|Trace|Examine|Consider|Outline] [its|their] [history|origins|effects on {place}|influence on {concept}|role in {event}|political side|social effects|economic consequences|scientific basis].
[Focus|Concentrate] on [the period after {1500-1990}|the role of {person}|what scientists agree on|its effects on {group}|the main theories].
[Include|Mention|Cover|Name] [the people involved|the most important dates|the discoveries of {person}|how {place} reacted|the rise of {concept}|both causes and effects|its connection to {concept}].
How did [it|this|they] [come about|spread to {place}|end|change {concept}|shape {subject}|help {group}]?
[What|Which] [part|role] did {person} [play|have] [in it|in this|]?
What [do|did] [experts|historians|scientists|critics] [think|say|know] about [it|this|them] [today|at the time|]?
Which [factors|events|ideas|discoveries] [led to|contributed to|made possible] [it|this|{event}]?
Explain [how it works|what it means|the terms {concept} and {concept}|why it came to an end|its significance for {group}|the theory behind it].
[Describe|Explain] [the differences between them|what sets it apart from {concept}|how {group} use it|what happens during each stage|its causes and its results].
Who [opposed|supported|financed|studied|continued] it, and [why|when|with what result]?
[Can you also|Please also|Also] [tell me|explain|describe|say] [where it comes from|what it is used for|who discovered it|what it is made of|how common it is].
What [evidence|research|proof] supports [it|this|the theory]?
How did [it|this|they] [affect|influence|change|shape] {place}?
What [happened|came] [next|after that|before it|as a result]?
""".strip().splitlines()

FACTUAL_STATEMENT = """
In {subject}, {concept} is an important idea.
I am [reading|learning|studying] about {concept} [at school|for a class|].
I [want|would like] to [know|learn|understand] more about {concept}.
My {subject} book mentions {concept}.
[Scientists|Historians|Economists|Experts] often talk about {concept}.
""".strip().splitlines()

TABLES = {
    "group": options("people|you|we|scientists|doctors|{animal}s|cats|men|women|children|students|the Swiss|the Dutch|the Romans|the ancient Greeks|{job}s|most people|humans|birds|plants|insects|rich people|old people|{pseudo_name}s|all countries|tourists|kings|vampires|dreams|astronauts|twins|vegetarians|teenagers|companies"),
    "you": options("you|a person|someone|people|we|a man|a {animal}|I"),
    "noun": options("{concept}|{food}|{place}|{thing}|the {animal}|{animal}s|the {pseudo}|{abbreviation}|{person}|the {adj} {animal}|the government|the moon|wool|blood|teeth|the heart|dust|crime|money|love|taxes|school|marriage|the law|the truth|a cold|a fever|cancer|diabetes|magic|the lottery|the future|a mirror|diamonds|fire|bones|the president|the king|a movie|{title}|the {pseudo_name} case|television|the news|religion|sugar|alcohol|cigarettes|chocolate"),
    "deed": options("eat|drink|touch|see|buy|sell|lose|find|break|swallow|own|share|study|stop|use|sleep with|wake|kill|marry|carry|pay for|believe in|throw away|cook|look at|cross|learn about|win|leave|steal|avoid|cut|feed|clean|describe"),
    "effect": options("earthquakes|thunder|the seasons|a fever|inflation|rust|ocean tides|hiccups|migraines|unemployment|traffic jams|the northern lights|acid rain|a rainbow|hair to turn gray"),
    "abbreviation": options("NASA|DNA|UNESCO|HTML|CPU|GDP|NATO|WHO|USB|RAM|PDF|FBI|LED|WWW|AIDS|GPS|URL|RNA|BBC|ISBN"),
    "habit": options("smoke|run after lunch|sing in the rain|lose a shoe|play the trumpet|eat beans|drink coffee|write with the left hand|walk barefoot|vote|drive on the left|tell lies|work at night|keep a diary|eat at midnight|chew ice|watch television all day|get married young|sleep in a tent|throw a stone into a lake|sleep all day|exercise|learn a second language|jump rope"),
    "belief": options("the Earth is flat|apples keep the doctor away|cold tea is healthy|red cars are faster|the tallest tree is the oldest|ghosts are real|owls are wise|rain follows the plow|snakes can hear music|tall people sleep less|the old maps were drawn by monks|people were happier in the past|vaccines cause disease|everyone is equal|it always rains|money is the root of evil|every river ends in the sea|wood never rusts|the universe is expanding"),
    "substance": options("water|iron|gold|silver|oxygen|hydrogen|carbon|salt|copper|mercury|helium|light|sound|lead|nitrogen"),
    "past_act": options("sang in public|won a prize|went to {place}|came to power|met {person}|wrote a book|scored a goal"),
}


def make(grammar, rng):
    """One factual prompt: an opening question, often with follow-up questions."""
    if rng.random() < 0.35:
        return grammar.expand(rng.choice(FACTUAL_SHORT), rng)
    parts = [grammar.expand(rng.choice(FACTUAL_OPEN), rng)]
    if rng.random() < 0.06:
        parts.insert(0, grammar.expand(rng.choice(FACTUAL_STATEMENT), rng))
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        parts.append(grammar.expand(rng.choice(FACTUAL_MORE), rng))
    return " ".join(parts)
