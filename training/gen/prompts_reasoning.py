"""Prompts that must be worked out: word problems, riddles, logic, puzzles, planning, cause and effect, choices."""

from .grammar import options

WORD_PROBLEM = """
{name.1} has {3-90} {item.1}. {pron.1} [gives|sells|lends] {2-20} [to {name.2}|to a friend|of them] and [buys|finds|gets] {2-30} more. How many {item.1} does {name.1} have [now|left|in the end]?
{name.1} buys {2-12} {item.1} for ${1-20} each [and {2-9} {item.2} for ${1-9} each|]. How much [money|] does {name.1} [spend|pay|need] [in total|altogether|]?
{name.1} is {2-40} years [older|younger] than {name.2}. In {2-15} years, {name.1} will be [twice|three times] as old as {name.2}. How old is {name.2} now?
{name.1} earns ${8-60} an hour and works {2-10} hours a day, {3-6} days a week. [If {pron.1} saves {10-50}% of it, how|How] much does {pron.1} [earn|save|make] in [a month|{2-8} weeks|a year]?
A [train|car|bus|ship|cyclist|plane] travels at {20-120} [miles|kilometers|km] per hour for {2-9} hours [and then at {20-120} miles per hour for {2-5} hours|]. How far does it [go|travel] [in total|]?
Two [trains|cars|runners|boats] start {50-900} miles apart and move toward each other at {20-90} and {20-90} miles per hour. When [will|do] they meet?
A [shop|store|bakery|farm|school|factory|library] has {20-900} {item.1}. [On Monday|In the morning|First] {5-90} [are sold|are taken away|are broken], and [later|on Tuesday] {5-90} more [arrive|are added]. How many [remain|{item.1} are there at the end of the day]?
A [baker|farmer|gardener|teacher|tailor] [needs|uses|makes] {2-30} {item.1} [a day|every day|each week]. [Each one costs|He sells each for|She sells them for] ${1-15}. How much does [she|he] [make|spend] in {2-12} [days|weeks]?
There are {10-300} [students|children|people|passengers|guests] in a [school|room|bus|hall|train]. {half_word} of them [are girls|leave|like {food}|wear glasses], and {2-30} of the rest [go home|play chess|are teachers]. How many [are left|remain|do not]?
{name.1}, {name.2} and {name.3} [share|have|collect|split] {30-300} {item.1}. {name.1} has twice as many as {name.2}, and {name.3} has {2-20} [more|fewer] than {name.1}. How many does {name.2} have?
A [rectangle|garden|field|room|pool] is {3-60} [meters|feet|cm] long and {2-40} [meters|feet|cm] wide. What is its [area|perimeter]? [If fencing costs ${2-15} per meter, what is the total cost|]
{name.1} [reads|runs|types|walks|writes] {5-60} [pages|miles|words|steps] [a day|per hour|every minute]. How [long|many days|many hours] will it take to [finish|reach] {100-900} [pages|miles|words|steps]?
The price of a [coat|phone|house|car|ticket|book] is ${20-900}. It is [reduced|increased|discounted] by {5-50}% [and then by another {5-30}%|]. What is the [final|new] price?
If {2-9} [workers|machines|painters|cats|pumps] can [build a wall|fill a tank|paint a house|catch mice|make {item.1}] in {2-20} [days|hours|minutes], how long [would|will] it take {2-20} [workers|machines|painters|cats|pumps]?
A [bag|box|jar|drawer] contains {2-12} red, {2-12} blue and {2-12} green {item.1}. What is the probability [of drawing|that you draw] [a red one|two blue ones|no green one]?
{name.1} [puts|invests|deposits] ${100-9000} in a bank at {1-9}% interest [per year|]. How much [will there be|money will {pron.1} have] after {2-10} years?
{name.1} needs {5-60} {item.1} for a party. They come in packs of {3-12}, and each pack costs ${2-15}. [If {name.2} pays half, how|How] much will {name.1} [pay|spend]?
A kennel keeps {2-30} {animal}s, and each needs {2-9} [cups|kilos] of food a day. [How much food is used in a week|How long do {50-900} kilos last]?
On Monday {name.1} [ran|sold|read|picked] {3-40} {item.1}, on Tuesday [twice as many|{2-9} more], and on Wednesday [half as many as on Tuesday|{2-9} fewer]. How many [in all|in total|altogether] over the three days?
It takes {name.1} {5-60} minutes to [walk|drive|bike] to [work|school|the store]. On the way back it takes [twice as long|{5-30} minutes more]. How many minutes does {name.1} travel in {2-9} days?
The [sum|difference|product] of two numbers is {10-90}, and [their difference is {2-9}|one is twice the other|one is {2-9} more than the other]. [Find|What are] the [two|] numbers?
{half_word} of {name.1}'s {item.1} are [red|broken|new]. If {pron.1} has {10-200} {item.1}, and {2-9} of the [others|red ones] get lost, how many [are left|remain]?
In a [class|zoo|park|town] there are {2-9} times as many {item.1} as {item.2}. If there are {10-200} [in total|{item.1}], how many {item.2} are there?
""".strip().splitlines()

FACT_SENTENCE = """
{name.1} has {2-90} {item.1}.
{name.1} [bought|made|picked|collected|received] {2-60} {item.1} [yesterday|on Monday|last week|this morning|].
{name.2} has [twice|three times|half] as many {item.1} as {name.1}.
{name.2} [has|made|ate|sold] {2-30} [more|fewer] {item.1} than {name.1}.
Each {item.2} costs ${1-30}.
A [box|pack|bag|case] holds {3-24} {item.1} and costs ${2-40}.
{pron.1} [gave|sold|lost|threw away] {half_low} of them [to {name.2}|].
Then {pron.1} [bought|found|got] {2-20} more.
[The trip|The job|Each lesson|The drive] takes {2-9} hours.
{pron.1} [works|trains|practices] {2-10} hours [a day|every weekday] and {2-9} hours on [Saturday|weekends].
[The rent|The ticket|A meal|A new bike|A room] costs ${20-900} [a month|per person|a night|].
There are {2-30} [rooms|rows|tables|shelves|cages] with {2-30} {item.1} [each|in each].
[On the first day|In the first hour|In January], {pron.1} [sold|read|walked] {2-90} [{item.1}|pages|miles].
{pron.1} [wants|needs|plans] to [save|raise|earn] ${50-900} for a [bike|trip|party|phone].
{10-90}% of the {item.1} were [broken|sold|red|eaten by the {animal}s].
{name.3} is {2-60} years old, and {name.1} is {2-20} years [older|younger].
The store offers a {5-50}% discount [on the second one|if you buy {3-9}|].
{name.1} and {name.2} split the [cost|bill|money] [equally|evenly].
""".strip().splitlines()

FINAL_QUESTION = """
How many {item.1} [does {name.1} have left|do they have together|are left|did {name.2} get|were there at the start]?
How much [money does {pron.1} have left|did {name.1} spend|will it cost|profit does {name.1} make|does each of them pay|more does {pron.1} need]?
How [long|many hours|many days|many weeks] [will it take|did it take {name.1}|does {pron.1} work in total]?
What is the [total|average|difference|number] [of {item.1}|cost|in dollars|per day]?
How old [is {name.1}|will {name.2} be in {2-20} years]?
What [percentage|fraction] of the {item.1} [is left|did {name.2} get]?
[By how much|How much more] [did {name.1} spend|does {name.1} earn] than {name.2}?
""".strip().splitlines()

MATH = """
[Find|Determine|Compute|Calculate|Evaluate] the value of [x|$x$|n] [if|such that] {2-9}[x|n] + {2-30} = {20-90}.
[Solve|Solve for x]: {2-9}x [+|-] {2-30} = {10-99}.
[What is|Calculate|Compute|Evaluate] {2-99} [+|-|*|times|divided by|plus|minus] {2-99} [+ {2-99}|* {2-9}|]?
[Let|Given that|Suppose] $f(x) = {2-9}x^{2-4} + {2-9}x - {1-9}$. [Find|What is|Compute] $f({1-9})$.
For g(t) = {2-9}t^2 + {1-9}, [compute|work out] g({1-9}) [and g({10-20})|].
How many [positive|] [integers|numbers|factors|divisors] [between {1-20} and {50-900}|of {20-900}|less than {50-900}] are [divisible by {2-9}|prime|perfect squares|even|odd]?
What is the [greatest common divisor|least common multiple|sum|product|average|remainder] of {4-90} and {4-90}? [Express your answer as a fraction|Show your work|]
In triangle ABC, [angle A is {20-80} degrees|AB = {3-20} and BC = {3-20}|the sides are {3-9}, {4-9} and {5-12}]. [Find|What is] [the area|angle C|the length of AC|the perimeter]?
A line passes through ({0-9}, {0-9}) and ({0-9}, {0-9}). [What is its slope|Where does it meet the y axis|How long is the segment]?
Two numbers a and b satisfy a - b = {2-20} and a + {2-9}b = {20-90}. Find a and b.
What is the next number in the sequence {1-9}, {10-19}, {20-29}, {30-49}, ...? [Explain the pattern|Why|]
What [number|letter|shape] comes next [in the series|in the pattern|]: {2-5}, {6-9}, {10-20}, {21-40}?
A [fair|] [coin|die] is [tossed|rolled|thrown] {2-6} times. What is the [probability|chance] of [getting {1-3} heads|rolling a {1-6} twice|at least one head|an even total]?
In how many ways can {2-9} [people|books|letters] be [arranged|seated|chosen from {10-20}]?
Prove that [the square root of {2-9} is irrational|the sum of two even numbers is even|there are infinitely many primes|n^2 + n is always even].
Simplify [the expression|] $\\frac«{2-9}x + {2-9}»«{2-9}»$ [and|, then] find its value at x = {1-9}.
What is {2-90}% of {20-900}?
A [circle|sphere|cylinder] has a radius of {2-20} [cm|]. What is its [area|volume|circumference]?
""".strip().splitlines()

LOGIC = """
If all {pseudo.1}s are {pseudo.2}s and [all|some|no] {pseudo.2}s are {pseudo.3}s, are [all|some] {pseudo.1}s {pseudo.3}s? [Explain|Why or why not?|]
All {animal.1}s are {adj.1}. [Some {adj.1} things are {adj.2}|{name.1} is a {animal.1}|No {animal.2} is {adj.1}]. [Can we conclude that|Does it follow that|Is it true that] [some {animal.1}s are {adj.2}|{name.1} is {adj.1}|{name.1} is not a {animal.2}]? [Explain your reasoning|]
{name.1} is [taller|older|faster|richer|heavier] than {name.2}. {name.2} is [taller|older|faster|richer|heavier] than {name.3}. Who is the [tallest|oldest|fastest|richest|shortest|youngest]?
{name.1}, {name.2}, {name.3} and {name.4} [sit in a row|finish a race|live in four houses|stand in line]. {name.1} is [next to|before|left of] {name.2}, and {name.3} is not [last|first|next to {name.4}]. [Who is first|In what order are they|Where is {name.4}]?
There are {3-6} [houses|boxes|people|cards|doors] in a row, numbered 1 on the left to {3-6} on the right. Each [person|one] has a different [color|pet|drink|job]. The [{job}|one with the {animal}] is directly left of the [{job}|{adj} one]. What is the number of the house where the [{job}|person who likes {food}] lives?
{name.1} has {2-5} brothers, and each brother has {1-3} sisters. How many sisters does {name.1} have [at least|]?
A [man|woman|boy] [enters a shop|lives next to a mill|is found dead in a locked room|looks at a portrait] and {odd_event}. [Why|How is this possible|What happened]? [Explain|]
You [have|are given|are holding] [two ropes|{2-12} coins|three switches|a {3-9} liter jug and a {3-9} liter jug|{5-20} balls, one of them heavier|two doors and two guards]. [{goal_clause}|]. [How do you do it|What do you do|How can you be sure]?
You [are|stand|wake up] in a [dark room|cabin|boat|maze|cellar] with [{2-9} ropes and a lamp|{2-5} doors in front of you|{3-9} candles, of which {1-2} go out]. [What do you do first|Which one do you choose|How many are left in the end]? [Explain your answer|]
You [are|were] [on|in|at] a [bridge|ship|bus|ladder|queue|party|island|train] [with|and there are] {2-30} [people|passengers|steps|guests]. [{2-9} leave and {2-9} come|Half of them go|You move {2-9} places forward]. [How many are there now|Where are you now|Who is left]? [Explain|]
You [have|hold|own] {2-20} {item.1} [and|, and you] [give|lose|trade|hide] {half_low} [of them|]. [What is the smallest number|How many more do you need|What are the chances] [to have two alike|to get {3-20}|that none is red]?
You are told that [exactly one of {3-6} statements is true|a code has {3-5} digits that add up to {5-30}|{name.1} is never on time]. [Which one is it|What is the code|What follows]?
You [see|meet|are told about] [three people|two guards|{2-5} villagers]: one always lies and one always tells the truth. [What|Which] [single|one|] question [do you ask|would you ask] to [find the way|know who is who]?
[What|Which thing] [has {riddle_has} but no {riddle_no}|gets {adj} when it {riddle_act}|can {riddle_act} but never {riddle_act}]? [Explain the answer to the riddle|]
[I|A thing] {riddle_act} [without legs|without a mouth|but have no wings]. [The more you take, the more you leave behind|I have {riddle_has} but no {riddle_no}]. What am I?
If it takes {2-9} [hours|minutes] to dry {2-9} [shirts|towels|sheets] in the sun, how long does it take to dry {10-40}? [Explain why|]
If [today|the day before yesterday|tomorrow] is [Monday|Tuesday|Friday|Sunday], what day [is|was|will be] [{3-90} days from now|the day after tomorrow|{3-20} days ago]?
How many [weeks have a Monday|corners are left when you cut one off a {shape}|feet do {2-9} {animal}s and {2-9} {animal}s have]? [Explain the trick|Explain the catch in the question|]
A [farmer|man|woman] [must|has to|wants to] [cross a river|get across a bridge] with a {animal}, a {animal} and [a cabbage|some corn|a lamp]. [The boat holds only two|He can take only one at a time]. How [does he|can they] do it?
Which [one|word|number|item] is the odd one out: {animal.1}, {animal.2}, {food}, {animal.3}?
{animal.1} is to [{food}|{animal.2}] as {job.1} is to what?
A [cup and a saucer|lamp and a bulb|hat and a scarf] cost ${1-9}.{10-90} in total. [The first|One] costs ${1-9} more than the other. How much does [the second|each] cost?
Two [doctors|mothers and two daughters|fathers and two sons|{job}s] [go fishing|share {3-5} {item}|sit at a table], [but there are only three people|and each gets one]. [How is that possible|How can this be]?
A [rooster|plane|truck|{animal}] [lays an egg|stops|stands] [on the top of a roof|exactly on the border of {place} and {place}]. Which way does [it|the egg] [fall|go]? [Explain the trick|]
[Which is heavier|What weighs more], a [pound|kilogram|ton] of [feathers|wool|{food}] or a [pound|kilogram|ton] of [iron|bricks|gold]? [Explain|]
There are {2-9} [birds|{animal}s] on a [tree|fence|roof]. A hunter shoots {1-3} of them. How many [stay|are left]? [Why|Explain]?
If you [have|take] {2-9} {item.1} from a [pile|basket] of {10-20} {item.1}, how many do you have?
{name.1} [says|claims] that {name.2} lies. {name.2} [says|claims] that {name.3} lies. {name.3} says that both lie. Who [tells the truth|is lying]?
{name.1} sits [to the left of|across from|two seats from] {name.2}; {name.3} sits [to the right of|next to] {name.1}. Who sits [in the middle|at the end|next to {name.2}]?
A [snail|frog] climbs {2-5} [feet|meters] up a [well|wall] of {10-30} [feet|meters] each day and slips back {1-2} at night. [How many days|When] does it reach the top?
A [lily pad|patch of {food}|colony of bacteria] doubles in size every [day|hour]. It covers the [lake|dish] after {20-60} [days|hours]. When was it half covered? [Explain|]
[Can you measure|How would you measure|How can one get] exactly {1-9} [liters|minutes|gallons] with [only|] a {3-9} and a {3-9} [liter jug|minute hourglass|gallon bucket]?
Decide whether the [argument|conclusion|claim] [is valid|follows|is a fallacy]: [all|some|most] {animal.1}s [are {adj}|can swim]; {name.1} [is {adj}|can swim]; therefore {name.1} is a {animal.1}.
[You are shown|There are] {2-5} [boxes|doors|jars], [all labeled wrong|one with a prize|each with a statement]. [You may open one|Only one statement is true]. [How do you find the prize|Which one is right|What is the best strategy]?
Is there a [flaw|mistake|hidden assumption|contradiction] in this argument: [every|each] time {name} [washes the car|carries an umbrella|wears a {adj} hat], it rains, so [washing the car|the umbrella|the hat] causes rain?
""".strip().splitlines()

JUDGE = """
A [company|city|school|hospital|family|team] [must|has to|needs to] [choose between|decide between] [{option} and {option}|two plans]. [Which is better and why|What should it do|What are the trade-offs|How should it decide]?
[Should|Would it be better if] [I|a student|a small company|a family] [{option_do} or {option_do}|{option_do}], [given that|if] [money is short|time is limited|there are only {2-9} weeks left|the budget is ${500-9000}]? [Weigh the pros and cons|Justify your answer|Explain your reasoning].
[If|Suppose|Imagine that] [the Earth stopped spinning|all insects disappeared|a city banned cars|a country doubled its minimum wage|everyone could read minds|the price of oil doubled|people lived for 200 years|schools had no exams|robots did all the work], what [would|could|might] be the [consequences|effects|second-order effects|most likely outcomes]? [Reason step by step|Explain the chain of cause and effect|].
[Sales|Accidents|Grades|Ice cream sales and drownings|The number of {animal}s|Visits to a website] [fell|rose|increased] by {5-60}% after [{cause}|{cause}]. [What could explain this|Is this proof that one causes the other|What are possible causes|What would you check first]?
[Analyze|Evaluate|Assess] [the argument that|the claim that|whether] [{belief}|{option} is better than {option}|{habit_claim}]. [Is the reasoning sound|What is wrong with it|Identify any logical fallacies|].
[Why|Explain why] [might|would|could] [a {job}|a rational person|two companies|a {animal}] [choose|prefer|refuse] [{option}|to do nothing|to lose money] [in this situation|even if it costs more|]? [Explain the logic|].
[Compare|Weigh] [{option.1} and {option.2}|the pros and cons of {option.1} and {option.2}] [for|in the case of] [a student with little money|a family of {3-6}|a small business|a city of {2-9} million people] and [decide|recommend|conclude] which is [better|more sensible|the best choice].
[Plan|Work out] [the fastest|the cheapest|an optimal|the shortest] [route|schedule|order|way] [to visit {3-9} cities|for {3-9} workers and {3-9} shifts|to do {3-9} tasks that depend on each other]. [Explain why it is optimal|].
[A runaway trolley|A self-driving car|A doctor with one dose of medicine|A judge] [must choose|has to decide] between [saving {2-9} people|{2-9} patients] and [saving one|telling the truth]. [What is the right decision|Analyze the dilemma|Argue for both sides].
[Explain|What is] the [paradox|dilemma|logical trap|fallacy|trick] [of|in|behind] the [{pseudo_name}|liar|prisoner's|ship|barber|two-envelope|birthday|lottery|waiting-time] [problem|paradox|puzzle]. [How can it be resolved|What is the rational choice|Why does intuition fail]?
[Read the passage and answer|Based on the facts below, answer|Use the clues]: {name.1} [left at {2-11} o'clock|was at home all day|has a {animal}]; {name.2} [saw {name.1} at noon|was never alone]; the [window|safe|door] was [broken|open]. [Who did it|Who is lying|Who is telling the truth]? [Explain how you know|].
{name.1} [put|left|hid] the [key|ball|chocolate] in the [box|drawer|kitchen] and went [out|away]. {name.2} moved it to the [basket|cupboard]. Where will {name.1} look for it [first|], and why?
""".strip().splitlines()

REASON_MORE = """
[Explain|Show|Describe] your [reasoning|thinking|logic|work|steps] [step by step|clearly|in detail|].
[Walk me through|Break down|Lay out] [the logic|each step|your reasoning|the problem] [step by step|].
[Justify|Defend] your [answer|conclusion|choice|decision] [with a clear argument|with logic|].
[Think|Reason|Work] [it through|step by step|carefully|through the problem] [before you answer|].
[Give|Provide] [the correct answer|the solution|a step-by-step explanation|a detailed explanation|a clear argument] [and explain why|and say why other answers are wrong|].
[Why is this true|What is the trick|Why do most people get this wrong|What assumption is hidden here|What is the flaw]?
[Explain|Identify] the [common mistake|logical trap|hidden assumption|key insight] [people make here|in this question|].
[Let's think step by step|Be careful|Show your work|Show all steps].
What [can|do] you [conclude|infer|deduce] [from this|]?
""".strip().splitlines()

CHOICES = """
Options: A) {opt.1} B) {opt.2} C) {opt.3} D) {opt.4}
Choices: {1-20}, {21-40}, {41-60}, {61-90}
(A) {opt.1} (B) {opt.2} (C) {opt.3}
""".strip().splitlines()

TABLES = {
    "half_low": options("half|a third|a quarter|{2-9}|{10-60}%|all except {2-9}"),
    "pron": ["he", "she"],
    "half_word": options("Half|A third|A quarter|Two thirds|{10-90}%|One fifth|{2-9} out of {10-20}"),
    "shape": options("triangle|square|figure|rectangle|polygon"),
    "ordinal": options("second|third|fourth|last|fifth"),
    "odd_event": options("asks for water|never opens the door|loses all his money|says that he has no brothers|nobody came in or out|there is only a puddle on the floor|he leaves happy|but he never gets wet|the light is off and he can still read"),
    "goal_clause": options("You must measure exactly {2-9} liters|You must find the {adj} one with as few weighings as possible|You need to measure {10-50} minutes|You may enter the room only once|One door leads to freedom|You can ask only one question"),
    "riddle_has": options("hands|keys|a neck|teeth|a bed|cities|a face|an eye|legs|branches|leaves|ears"),
    "riddle_no": options("arms|doors|head|mouth|fingers|houses|body|sight|feet|trunk|voice"),
    "riddle_act": options("dries|runs|falls|flies|speaks|grows|travels around the world|walks|breaks|cries|sings|gets older|is shared"),
    "option": options("buying a house|renting an apartment|building a new road|opening a park|hiring more people|buying machines|working from home|working in an office|taking the train|driving a car|studying abroad|starting a business|solar panels|a nuclear plant|a new hospital|cutting taxes|a loan|saving money|a big team|a small team"),
    "option_do": options("buy a car|rent a flat|take a loan|go to university|start working|move to the city|hire a friend|sell the old machine|wait for a better offer|accept the job|spend the savings|learn to program"),
    "cause": options("a new law was passed|the school year ended|a competitor opened a shop|prices went up|the summer began|a bridge was closed|the manager was replaced|the rules were changed|it rained for two weeks|a new design was launched"),
    "habit_claim": options("hard work always leads to success|people who drink tea live longer|more police means less crime|cheap products are always bad|free will is an illusion|machines can think|lying is sometimes right"),
    "opt": options("{animal}|{food}|{name}|{2-90}|{adj}|the {job}|none of them|Monday|all of them|{place}"),
}

def composed_problem(grammar, rng):
    """A word problem of several sentences that share their people and things."""
    sentences = rng.sample(FACT_SENTENCE, rng.choice([2, 2, 3, 3, 4, 5])) + [rng.choice(FINAL_QUESTION)]
    return grammar.expand(" ".join(sentences), rng)


POOLS = [(WORD_PROBLEM, 0.38), (MATH, 0.16), (LOGIC, 0.26), (JUDGE, 0.20)]


def make(grammar, rng):
    """One reasoning prompt: a problem, sometimes with a request to show the thinking or with choices."""
    pool = rng.choices([p for p, _ in POOLS], [w for _, w in POOLS])[0]
    parts = [grammar.expand(rng.choice(pool), rng)]
    if pool is WORD_PROBLEM and rng.random() < 0.5:
        parts = [composed_problem(grammar, rng)]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        parts.append(grammar.expand(rng.choice(REASON_MORE), rng))
    if rng.random() < 0.05:
        parts.append(grammar.expand(rng.choice(CHOICES), rng))
    return " ".join(parts)
