"""Frames of prompts whose answer must be worked out."""

FRAMES = """
{name} has {big} {unit} and gives {small} to each of {n} friends. How many {unit} are left?
{name} buys {small} boxes of {unit} at ${small} each and pays with a $50 note. How much change does she get?
{name} has {n} {unit}. {name} has twice as many. How many do they have together?
if {name} has {big} {unit} and loses {small} how many are left
A baker makes {big} loaves a day and sells three quarters of them. How many does he take home?
A train leaves {place} at 8:15 and travels at {big} km/h. When does it arrive if the distance is {big} km?
Two trains {big} km apart move towards each other at {big} and {big} km/h. When do they meet?
A car uses {small} litres per 100 km. How far does it get on {big} litres?
A shirt costs ${big} after a {small}0% discount. What was the original price?
A jacket of ${big} is reduced by {small}5% and then by another 10%. What does it cost now?
The sum of two numbers is {big} and their difference is {small}. Find both numbers.
The ages of {name} and {name} add up to {big}. {name} is {small} years older. How old are they?
In {small} years {name} will be three times as old as her son is now. He is {n}. How old is she?
{name} reads {big} pages on Monday, half as many on Tuesday, and {small} pages more than that on Wednesday. How many pages in total?
{name} earns ${small}5 an hour and works {small} hours a day for {n} days. How much does he earn?
A tank holds {big} litres. One pipe fills it in {small} hours, another in {n} hours. How long do both together need?
If {small} painters paint a house in {n} days, how long do {n} painters need?
If 5 machines make 5 parts in 5 minutes, how long do 100 machines need for 100 parts?
A rectangle is {small} cm longer than it is wide and has a perimeter of {big} cm. What is its area?
A ladder of {small} m leans against a wall, its foot 1 m away. How high does it reach?
A class of {big} children has {small} more girls than boys. How many boys are there?
There are {big} {unit} in a box. A third are broken, and {small} of the rest are sold. What remains?
Each {small} {unit} cost $3. What do {big} {unit} cost?
Split a bill of ${big} between {n} people with a 15% tip. What does each pay?
What is {big} times {small}?
what is {big} + {big} - {small}
What is {small}5% of {big}?
calculate {big} / {small}
Calculate the area of a circle with radius {small}.
Calculate the compound interest on ${big} at {small}% over {n} years.
Compute {big} minus {small} squared.
Compute the sum of the first {big} odd numbers.
Compute $\\binom{{{big}}}{{{small}}}$.
Evaluate $\\frac{{{big}}}{{{small}}} + \\sqrt{{{big}}}$.
Evaluate the integral of x^{small} from 0 to {n}.
Find the derivative of x^{small} + {small}x.
Find x if {small}x + {n} = {big}.
Find the smallest number that is divisible by {small}, {n} and 7.
Find the greatest common divisor of {big} and {big}.
Find the missing number: {small}, {n}, ?, {big}
Find all real solutions of x^2 - {small}x + {n} = 0.
Find the equation of the line through (1, {small}) and ({n}, 5).
Solve for x: {small}x - {n} = {big}
Solve {small}x + 3y = {big} and x - y = {small}.
Solve this equation step by step: {small}(x + {n}) = {big}.
Solve this riddle: the more you take, the more you leave behind.
Simplify ({small}a + {n}b) - ({n}a - {small}b).
Factor x^2 + {n}x + {small}.
Let $f(x) = {small}x^2 + {n}$. What is $f({small})$?
Let $a$ and $b$ be positive integers with $a+b={big}$. Find the largest possible value of $ab$.
Given that log 2 = 0.301, what is log {small}?
How many positive divisors does {big} have?
How many ways can {small} {unit} be put in a row?
How many different {small}-letter words can be made from the letters of BANANA?
How many squares are there on a chessboard, of any size?
How many times do the hands of a clock overlap in a day?
How many trailing zeros does {big} factorial have?
How many handshakes are there if {n} people all shake hands once?
how many golf balls fit into a school bus
How many weeks does {name} need to save ${big} if she puts aside ${small}?
How many {unit} does {name} have if she has {small} fewer than {name}, who has {big}?
How much paint is needed for {n} walls of {small} square metres if one can covers {big}?
How long will a candle of {big} cm last that burns {small} mm a minute?
How old is {name} if in {n} years she will be twice as old as she was {small} years ago?
How far apart are two hikers after {small} hours when one walks north at 4 km/h and the other east at 3 km/h?
How would you measure exactly 4 litres with a 3 litre and a 5 litre jug?
How can you find the one heavier ball among {n} balls with two weighings?
How can a man go eight days without sleep?
What is the probability of rolling a sum of {small} with two dice?
What is the probability that at least two of {big} people share a birthday?
What is the chance of drawing two aces from a deck of cards?
A bag holds {small} red and {n} blue {unit}. Two are drawn. What is the chance that both are red?
A test is 99% accurate and one person in {big} is ill. {name} tests positive. How likely is it that she is ill?
You toss a coin {n} times. How likely are exactly {small} heads?
Which is more likely: three sixes in a row or a six, a five and a four in this order? Why?
What number comes next: 2, 6, 12, 20, 30?
what comes next in the sequence 1 1 2 3 5 8
What is the next letter: O, T, T, F, F, S?
Continue the series {small}, {n}, {big} and say what rule it follows.
Which number does not belong: 3, 5, 9, 11, 13?
Which word is the odd one out: {list}? Why?
Hand is to glove as foot is to what?
Doctor is to hospital as teacher is to...?
Complete the analogy: {animal} is to {place} as camel is to ...
All {unit} are blue. Some blue things are round. Are some {unit} round?
All roses are flowers. Some flowers fade quickly. Does it follow that some roses fade quickly?
If all bloops are razzies and all razzies are lazzies, are all bloops lazzies?
If it rains, the street is wet. The street is wet. Did it rain?
If no {animal} can swim and Rex can swim, what do we know about Rex?
Is this argument valid? All {job}s are rich. {name} is rich. So {name} is a {job}.
Does the conclusion follow from the premises? Every student passed. {name} did not pass.
Premise: no A is B. Premise: all C are B. What can be concluded about A and C?
{name} is taller than {name}. {name} is taller than {name}. Who is the shortest?
{name} is older than {name} but younger than {name}. Who is the oldest?
{name}, {name} and {name} finished a race. {name} was not last, and {name} was before {name}. In which order did they finish?
{name}, {name} and {name} each own one pet: a cat, a dog, a fish. {name} is allergic to fur. Who owns what?
There are three houses in a row. The red one is left of the green one. {name} lives in the middle. Where does the owner of the cat live if he is next to {name}?
Five friends sit in a circle. {name} sits next to {name}, but not next to {name}. Who can sit opposite?
One of three guards always lies and one always tells the truth. What one question finds the safe door?
On an island knights tell the truth and knaves lie. {name} says: we are both knaves. What are they?
Three switches are downstairs and one lamp is upstairs. You may go up once. How do you find the right switch?
Three boxes are labelled {unit}, {unit} and mixed, and all labels are wrong. You take one out of one box. How do you relabel them?
A farmer must cross a river with a wolf, a goat and a cabbage. How does he do it?
You have twelve stones, one of them false, and a balance. How do you find it in three weighings?
You have two ropes that burn an hour each, unevenly. How do you measure 45 minutes?
You are on an island with {n} coconuts, and every night a monkey takes half. How many nights until one is left?
You are driving a bus. {small} people get on, {n} get off. How old is the driver?
You meet two people at a fork. How do you find the way to {place}?
A man looks at a portrait and says: brothers and sisters I have none, but that man's father is my father's son. Who is it?
A woman shoots her husband, holds him under water, then they go out for dinner. How?
A man lives on the tenth floor but only rides the lift to the seventh. Why?
A bat and a ball cost $1.10 together. The bat costs a dollar more. What does the ball cost?
A snail climbs {small} m a day and slips 2 m each night. When is it out of a {big} m well?
A lily pond doubles its area every day and is full on day {big}. When is it half full?
A clock shows 3:15. What is the angle between the hands?
It is 10 o'clock in {place}, seven hours ahead of us. What time will it be here in {small} hours?
Today is Wednesday. What day is it in {big} days?
If yesterday was two days before Friday, what is tomorrow?
The day after tomorrow is {name}'s birthday, which is a week before the 3rd. What is today's date?
{name}'s mother has four children: North, South, East. What is the fourth called?
I have cities but no houses, rivers but no water. What am I?
i speak without a mouth and hear without ears. what am i
What has keys but opens no doors?
What gets wetter the more it dries?
Which weighs more, a kilo of {unit} or a kilo of {unit}?
If you have {big} {unit} in a dark drawer, half black and half white, how many must you take to have a pair?
If I swap the first and the last letter of each word in {list}, which word comes first in the dictionary?
If a hen and a half lays an egg and a half in a day and a half, how many eggs do {n} hens lay in {n} days?
If 3 cats catch 3 mice in 3 minutes, how many cats catch {big} mice in {big} minutes?
If the price of bread doubles every {n} years, what does a ${small} loaf cost in {big} years?
If you fold a paper 42 times, how thick does it get?
If you write all numbers from 1 to {big}, how often do you write the digit {small}?
What would happen if the moon disappeared?
What would happen if {topic} vanished overnight? Think through the consequences.
What would happen to {place} if the sea rose by {small} metres?
What would be the consequences if everybody worked only {small} hours a day?
what if the earth stopped spinning
What would follow if {topic} cost nothing?
What would change in an economy in which nobody could own land? Reason it through.
Suppose the Earth were twice as heavy. How would that change life on it?
Suppose {name} is lying. Who then took {thing}?
Suppose that interest rates rise by {small}%. What happens to house prices, and why?
Suppose every second person in {place} stopped driving. What would it do to traffic and air?
Suppose x is even and y is odd. Is x*y + x even or odd?
Imagine a village where the barber shaves everyone who does not shave himself. Does he shave himself?
Imagine that {unit} double every hour. When would a jar that is full at noon be a quarter full?
Imagine a company that loses {small}% of its customers a month and wins {big} new ones. Will it grow or shrink from 1,000?
Assume a fair die. Is it better to bet on at least one six in four throws, or on a double six in 24?
Assume there are {big} doors, one with a prize. The host opens all but one of the others. Should you switch?
Should I take the bus for ${small} twice a day, or a monthly ticket for ${big}?
Which is the better buy: {small} {unit} for ${n} or {n} {unit} for ${big}? Show your work.
Which offer is better over two years: ${big} now or ${small} a week?
Is it cheaper to rent at ${big} a month or to buy for {big},000 with a {small}% loan over 20 years?
I can repair my car for ${big} or buy another for ${big}0. The repair lasts two years. What makes more sense?
I have three job offers: one pays more, one is near home, one is interesting. How do I weigh them, and which would you choose if money is tight?
I have {small} hours, {n} errands and no car. In which order do I do them if the bank closes at noon and the bakery opens at ten?
I have only ${big} for a week of food for {n} people. Work out whether that can be enough.
A meeting must include {name}, {name} and {name}. {name} is free from 9 to 11, {name} from 10 to 12, {name} after 10:30. When can they meet?
Plan the shortest route that visits {n} towns when the roads are {small}, {n} and {big} km long.
Task A takes {small} days, B takes {n} and needs A, C takes 2. What is the earliest finish?
Estimate how many piano tuners there are in Chicago.
Estimate the number of {unit} sold in {place} each day, and show your assumptions.
Estimate how much water a city of {big},000 people needs.
Roughly how many heartbeats are there in a life? Show how you get there.
Make a Fermi estimate of the weight of all {unit} in {place}.
Prove that the square root of 2 is irrational.
Prove that the sum of two even numbers is even.
Prove by induction that 1 + 2 + ... + n = n(n+1)/2.
Show that there are infinitely many primes.
Show that any {n} integers contain two whose difference is divisible by {small}.
Disprove: every prime is odd.
Is 1 = 0.999...? Argue for your answer.
Is {big} a prime number? Explain how you know.
Is the statement "this sentence is false" true or false?
Is it possible to cover a chessboard without two opposite corners by dominoes?
Can a triangle have sides of {small}, {n} and {big}?
Can an omnipotent being make a stone it cannot lift? Analyse the paradox.
Can you make {big} out of the numbers {small}, {n}, 3 and 7?
Can you figure out who is lying? {name}: "It was {name}." {name}: "{name} lies." {name}: "Not me." Only one speaks the truth.
Could {name} have been in {place} at noon if the flight takes {small} hours and left at 9?
Work out how many {unit} fit on a shelf of {big} cm if each is {small} cm wide.
Work out the average of {big}, {big} and {big}.
Work out what day of the week {big} days after a Sunday is.
work this out: {big} people, {small} per table, how many tables
Figure out the pattern and give the next term: {small}, {n}, {big}
Figure out the code: {small}{n}7 has one right digit in the right place, {n}10 none.
Determine whether the following statement is always, sometimes or never true: the product of two negatives is larger than both.
Determine the value of k for which x^2 + kx + {big} has a double root.
Determine who is guilty: the {job} was at home, the {job} has no key, and the thief had a key and no alibi.
Deduce which of the {n} suspects lied.
Decide which of these two plans saves more money and explain your reasoning: insulate the roof for ${big}0 or change the boiler for ${big}0.
Analyse the flaw in this argument: my neighbour smokes and is 95, so smoking is harmless.
Analyze the reasoning: sales of ice cream and drownings rise together, so ice cream causes drowning.
Find the logical fallacy: everybody buys it, so it must be good.
Find the mistake in this proof: a = b, so a^2 = ab, so a + b = b.
What is wrong with this reasoning: {name} is a good {job}, therefore he is a good person?
What can you infer from this? The lawn is wet, the street is dry and the hose is out.
What can we conclude if {name} was seen in {place} but {thing} was gone before?
What assumption does this argument make: crime fell after the new lamps, so lamps stop crime?
What is the most likely explanation: the light is on, the radio plays, and nobody answers the bell?
What is the minimum number of {unit} needed to be sure that two are alike?
What is the maximum number of {unit} {name} can buy for ${big} at ${small} each if every third is free?
What is the remainder when {big} is divided by {small}?
What is the angle sum of a polygon with {n} sides, and how do you derive it?
What is the last digit of 7^{big}?
What is heavier after a day in the sun: {big} kg of melons of 99% water that dry to 98%?
What happens to the water level when the ice cube in a full glass melts, and why?
What happens to the average if every value is doubled and then {small} is added?
What should {name} do to win the game of Nim with piles of 3, {small} and {n}?
What move wins if white has a rook on a1 and the black king is on h8 behind his pawns?
What does this code print? for i in range({small}): print(i * {n})
What is the output of the following code: x = [1, 2, {n}]; y = x; y.append({small}); print(len(x))
Why does this loop never end? i = 0; while i < {n}: print(i)
What's wrong with this {code} code? It should add up the numbers but returns only the last one.
My function returns None although I computed the total. Why might that be?
Find the bug: def mean(xs): return sum(xs) / len(x)
What is the time complexity of this: two nested loops over n, the inner one halving?
Two threads each add 1 to a counter {big} times and the result is smaller than {big}0. Why?
Which of these two algorithms is faster for {big},000 items, n^2/100 or 50 n log n? Show the calculation.
My plants near the window thrive, those by the door die, and both get the same water. What is the likely cause?
My electricity bill doubled, but we were away for a week. What could explain that?
{name} put {thing} in the basket and left. {name} moved it to the box. Where will {name} look first?
{name} walked past {thing}, looked at the clock and began to run. Why, most likely?
{name} says that she never lies. Can we believe her? Reason carefully.
{name} is standing north of {name}, who is east of {name}. In which direction must {name} walk to reach {name}?
{name} faces north, turns right twice and left once. Which way does she face?
{name} has three brothers, and each brother has {small} sisters. How many siblings are there at least?
{name} had ${big}. He spent a quarter on {unit}, half of the rest on lunch and ${small} on the bus. How much was left?
{name} runs {small} km every weekday and {n} km on Sundays. How far does she run in {n} weeks?
{name} plants {small} rows of {n} tomatoes. A fifth die. Each of the others gives {big} fruits. How many fruits will there be?
{name} collects {unit}. On Monday he had {big}. He sold a third, then bought {small} more. How many {unit} does he have now?
{name} needs {big} {unit} for a party. They come in packs of {n}. How many packs must he buy, and how many are left over?
A school orders {big} {unit} for {n} classes. If each class gets the same, how many are left?
A phone plan costs ${small} plus 10 cents a minute, another ${big} flat. From how many minutes is the second one cheaper?
A cyclist rides uphill at {small} km/h and back down at {big} km/h. What is his average speed?
A population of {big} grows by {small}% a year. After how many years has it doubled?
A cube of side {small} is painted and cut into unit cubes. How many have no paint?
A digital clock shows 12:34. How many minutes until the digits are again in order?
A company sold {big} {unit} in March, {small}% more in April and half of that in May. What was the total?
A survey found that {big} people like tea, {big} coffee and {small} both. How many like at least one?
Three friends share a pizza. {name} eats a third, {name} a quarter. What is left for {name}?
Three consecutive numbers add up to {big}. What are they?
There were {big} people on the bus. At the first stop {small} got off and {n} got on. At the next half got off. How many are on it now?
The perimeter of a square is {big} cm. What is its area?
The average of {small} numbers is {big}. One more number brings it to {n}. Which number?
The ratio of cats to dogs in a shelter is {small}:{n}. There are {big} dogs. How many cats?
At a party everybody gives a present to everybody else, {big} presents in all. How many guests?
In a race of {n} runners, how many podiums are possible?
In a room are {small} people who speak French, {n} who speak German, 3 both. How many people at least?
In a drawer lie {n} red, {n} blue and {small} green socks. How many must I draw to be certain of a pair?
On a shelf the {unit} are left of the books and right of the lamp. What is in the middle?
When it is noon in {place}, the sun is in the south. In which direction does {name}'s shadow fall in the afternoon, and why?
Why is it cheaper to fly at 6 am than at 6 pm? Reason from supply and demand.
Why do both shops stand next to each other in the middle of the beach? Explain with game theory.
Why would a shop sell milk below cost?
Why might {name} refuse a higher salary? Think of several explanations and rank them.
Why can't the barber of the village exist?
Why does the mirror swap left and right but not up and down?
Would you switch doors in the Monty Hall problem? Why?
Would a heavier person slide down faster on a frictionless slope? Reason it out.
Would it be rational to vote if one vote never decides? Argue both ways and conclude.
Think step by step: {name} has {small} sisters and each has {n} children.  How many cousins?
Think carefully. A doctor gives you three pills, one every half hour. How long do they last?
Let's think about this: a rope goes around the Earth and is made {small} m longer. How high can it float?
Let's reason: if Monday's bread is sold at half price on Tuesday, and a third remains, what was earned from {big} loaves at ${small}?
Explain your reasoning: which of the three doors hides the prize?
Explain step by step how to get the answer: {big} x {small} - {n}.
Explain why this puzzle has only one solution: three coins, {small} cents more than two.
Explain why 0.1 + 0.2 is not 0.3 in floating point, and compute the error.
Help me solve this: {small}/x = {n}/{big}
Help me figure out how many litres of paint I need for a room of {small} by {n} metres.
Help me decide between a fixed and a variable mortgage when rates may fall by {small}% with a chance of one half.
can u solve this for me: {small}x = {big}
Can you solve this puzzle? I am a three-digit number, my tens digit is {small} more than my ones digit.
Can you check my logic? If A then B, not A, so not B.
Please solve: 3 + {small} * {n} - 6
Please work out the tip on ${big} at 18 percent.
{big} * {small} = ?
{big} - {small} x {n}
sqrt({big}) + {small}^2
{small}/{n} + {n}/{small} as a fraction
20% off {big}, then 8% tax, total?
{big} miles at {small}0 mph, how long
riddle: what runs but never walks
Riddle: {small} fathers and {small} sons go fishing and catch one fish each, but only three fish. How?
Logic puzzle: {name}, {name} and {name} wear a red, a blue and a green hat. {name} sees no red hat. Who wears which?
Math problem: a pool loses {small}% of its water a day. After how many days is it half empty?
Word problem: {name} has {small} times as many {unit} as {name}. Together they have {big}. How many has each?
Q: If {small} pens cost ${n}, what do {big} pens cost? A:
Trolley problem: one person on one track, five on the other. What follows from a utilitarian view, and what from Kant's? Which is more convincing?
Two prisoners can confess or stay silent. What should each do, and why is the result bad for both?
Compare the two options and say which is better in the long run: pay off a {small}% loan or invest at {n}%.
Compare renting and buying for someone who moves every {small} years: which costs less if a flat is ${big},000?
Rank these by size without looking anything up, and justify the order: the mass of all ants, of all cars, of all people.
Given the facts that {name} left at 5, the thief came at 6 and the door was locked from inside, who is the thief?
Given the following clues, find the owner of the {animal}: {name} lives in the first house, the {job} next to him, and the blue house is last.
Given a triangle with angles of {big}0 and 45 degrees, find the third.
Given {small} dice, which total is most likely, and why?
Given two eggs and a building of 100 floors, what is the least number of throws in the worst case?
Consider a queue with {small} arrivals a minute and {n} served a minute. Does it grow? By how much in an hour?
Consider the statement: if a shape is a square then it is a rectangle. Write its contrapositive. Is it true?
Consider three urns with {small} white balls each. How do you maximise the chance of drawing white?
"""
