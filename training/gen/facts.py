"""What the model is taught to know: small tables of plain facts, written for it."""


def pairs(text):
    return [tuple(part.strip() for part in line.split(":", 1)) for line in text.strip().replace(";", "\n").splitlines() if ":" in line]


CAPITALS = pairs("""France: Paris; Germany: Berlin; Italy: Rome; Spain: Madrid; Portugal: Lisbon; Japan: Tokyo; China: Beijing; India: New Delhi
Brazil: Brasilia; Canada: Ottawa; Mexico: Mexico City; Egypt: Cairo; Kenya: Nairobi; Nigeria: Abuja; Australia: Canberra; New Zealand: Wellington
Russia: Moscow; Poland: Warsaw; Greece: Athens; Turkey: Ankara; Norway: Oslo; Sweden: Stockholm; Finland: Helsinki; Denmark: Copenhagen
Iceland: Reykjavik; Ireland: Dublin; Austria: Vienna; Hungary: Budapest; Argentina: Buenos Aires; Peru: Lima; Chile: Santiago; Cuba: Havana
Vietnam: Hanoi; Thailand: Bangkok; South Korea: Seoul; Indonesia: Jakarta; Belgium: Brussels; Romania: Bucharest; Ukraine: Kyiv; Morocco: Rabat
England: London; the United Kingdom: London; the United States: Washington; Colombia: Bogota; Ghana: Accra; Ethiopia: Addis Ababa""")

CONTINENT = pairs("""France: Europe; Germany: Europe; Italy: Europe; Spain: Europe; Poland: Europe; Greece: Europe; Norway: Europe; Japan: Asia; China: Asia
India: Asia; Vietnam: Asia; Thailand: Asia; Brazil: South America; Peru: South America; Chile: South America; Argentina: South America
Canada: North America; Mexico: North America; Egypt: Africa; Kenya: Africa; Nigeria: Africa; Morocco: Africa; Ghana: Africa""")

OPPOSITES = pairs("""big: small; hot: cold; fast: slow; up: down; day: night; old: young; happy: sad; light: dark; hard: soft; full: empty; open: closed
wet: dry; high: low; long: short; rich: poor; strong: weak; loud: quiet; early: late; left: right; clean: dirty; thick: thin; true: false
first: last; good: bad; near: far; inside: outside; sweet: sour; brave: afraid; love: hate; win: lose; buy: sell; black: white; yes: no""")

COLORS = pairs("""the sky: blue; grass: green; snow: white; blood: red; a banana: yellow; a carrot: orange; coal: black; a lemon: yellow; a strawberry: red
a tomato: red; milk: white; the sun: yellow; a flamingo: pink; a crow: black; a polar bear: white; an elephant: gray; chocolate: brown; a frog: green""")

SOUNDS = pairs("""dog: bark; cat: meow; cow: moo; duck: quack; lion: roar; wolf: howl; pig: oink; sheep: bleat; horse: neigh; bee: buzz; owl: hoot
snake: hiss; mouse: squeak; frog: croak; crow: caw; donkey: bray; hen: cluck""")

BABIES = pairs("""dog: puppy; cat: kitten; cow: calf; horse: foal; sheep: lamb; pig: piglet; goat: kid; hen: chick; duck: duckling; bear: cub; lion: cub
deer: fawn; frog: tadpole; kangaroo: joey; swan: cygnet; owl: owlet; goose: gosling""")

LEGS = pairs("dog: four; cat: four; spider: eight; ant: six; bee: six; bird: two; human: two; horse: four; crab: ten; snake: zero; fish: zero; elephant: four; hen: two; butterfly: six")

HOMES = pairs("""bird: in a nest; bee: in a hive; fish: in the water; bear: in the forest; fox: in a den; rabbit: in a burrow; camel: in the desert
penguin: in cold places; spider: in a web; dog: with people; whale: in the sea; monkey: in the trees; cow: on a farm; lion: on the savanna; frog: near ponds""")

FOODS = pairs("""cow: grass; lion: meat; rabbit: plants; panda: bamboo; koala: leaves; squirrel: nuts; frog: insects; bee: nectar; owl: mice; horse: grass
cat: meat; monkey: fruit; whale: small sea animals; bear: fish, berries and honey; sheep: grass; spider: insects; penguin: fish""")

MAKES = pairs("""bread: flour; cheese: milk; butter: milk; wine: grapes; paper: wood; glass: sand; chocolate: cocoa beans; wool: the hair of sheep; honey: nectar
raisins: grapes; yogurt: milk; ice: water; omelets: eggs; raincoats: plastic; jam: fruit and sugar""")

JOB_PLACES = pairs("""teacher: a school; doctor: a hospital; nurse: a hospital; farmer: a farm; baker: a bakery; chef: a kitchen; pilot: an airplane; judge: a court
librarian: a library; sailor: a ship; miner: a mine; actor: a theater; gardener: a garden; mechanic: a garage; waiter: a restaurant; astronaut: a spaceship""")

JOB_ACTS = pairs("""teacher: teaches students; doctor: helps sick people; farmer: grows food; baker: bakes bread; chef: cooks food; pilot: flies airplanes
firefighter: puts out fires; gardener: takes care of plants; tailor: makes clothes; carpenter: builds things from wood; painter: paints pictures
fisherman: catches fish; mechanic: repairs machines; dentist: takes care of teeth; writer: writes books; singer: sings songs; sailor: sails ships
astronaut: travels to space; librarian: takes care of books; judge: decides in court; plumber: repairs pipes; photographer: takes photos""")

DEFINITIONS = pairs("""gravity: Gravity is the force that pulls things toward each other. It keeps us on the ground.
photosynthesis: Photosynthesis is how plants make food from sunlight, water and air.
evolution: Evolution is the slow change of living things over many generations.
electricity: Electricity is the flow of tiny charges. It gives power to lamps and machines.
a volcano: A volcano is a mountain that can throw out hot melted rock.
an earthquake: An earthquake is a shaking of the ground when parts of the Earth move.
a rainbow: A rainbow is an arc of colors that appears when sunlight shines through drops of water.
the moon: The moon is a ball of rock that moves around the Earth.
the sun: The sun is a star. It gives the Earth light and heat.
a star: A star is a huge ball of hot gas that gives off light.
a planet: A planet is a large round body that moves around a star.
a comet: A comet is a ball of ice and dust with a bright tail.
a galaxy: A galaxy is a very large group of stars.
a black hole: A black hole is a place in space with gravity so strong that not even light can leave it.
an atom: An atom is the smallest part of an element.
DNA: DNA is the long molecule that carries the plan of a living thing.
a cell: A cell is the smallest living part of a plant or an animal.
the water cycle: The water cycle is the path of water from the sea to the clouds, down as rain and back to the sea.
rain: Rain is water that falls in drops from clouds.
snow: Snow is frozen water that falls from clouds in small white flakes.
ice: Ice is frozen water.
wind: Wind is moving air.
thunder: Thunder is the loud sound that lightning makes.
lightning: Lightning is a bright flash of electricity in the sky.
a desert: A desert is a very dry place with little rain.
a forest: A forest is a large area with many trees.
an island: An island is land with water all around it.
a river: A river is a long stream of water that flows to the sea or to a lake.
a mountain: A mountain is land that rises high above the land around it.
the ocean: The ocean is the great body of salt water that covers most of the Earth.
a vaccine: A vaccine helps the body to learn how to fight a disease.
a virus: A virus is a very small thing that can make living things sick.
bacteria: Bacteria are tiny living things made of one cell.
the heart: The heart is a muscle that pumps blood through the body.
the brain: The brain is the part of the body that thinks, remembers and controls the rest.
sleep: Sleep is a time of rest for the body and the brain.
a mammal: A mammal is an animal that feeds its young with milk.
an insect: An insect is a small animal with six legs.
a fossil: A fossil is what is left of a plant or an animal from long ago, turned to stone.
a dinosaur: A dinosaur was a reptile that lived long ago. Some dinosaurs were very big.
a poem: A poem is a short text with rhythm and images, and often with rhymes.
a novel: A novel is a long story in a book.
a fable: A fable is a short story that teaches a lesson, often with animals.
a map: A map is a drawing that shows where places are.
a clock: A clock is a machine that shows the time.
a compass: A compass is a tool that points to the north.
a telescope: A telescope is a tool that makes far things look near.
a microscope: A microscope is a tool that makes tiny things look big.
a computer: A computer is a machine that follows instructions to work with information.
a program: A program is a list of instructions for a computer.
a robot: A robot is a machine that can do some work on its own.
the internet: The internet is a network that joins computers all over the world.
a language model: A language model is a program that predicts the next word of a text.
a library: A library is a place where people can read and borrow books.
a museum: A museum is a place that shows old, rare or beautiful things.
democracy: Democracy is a way to rule a country in which the people vote.
money: Money is what people use to buy and sell things.
inflation: Inflation is a rise in prices over time.
a tax: A tax is money that people pay to the state.
a friend: A friend is a person you like and trust.
a bicycle: A bicycle is a vehicle with two wheels that you move with your feet.
an airplane: An airplane is a vehicle with wings that flies through the air.
a bridge: A bridge is a road built over water or over a valley.
a magnet: A magnet is a piece of metal that pulls iron toward itself.
a shadow: A shadow is a dark shape where something blocks the light.
a triangle: A triangle is a shape with three sides.
a square: A square is a shape with four equal sides.
a circle: A circle is a round shape. All its points are equally far from the center.
a prime number: A prime number can only be divided by one and by itself.
oxygen: Oxygen is a gas in the air that we need to breathe.
honey: Honey is a sweet food that bees make from nectar.
bread: Bread is a food made from flour and water and baked in an oven.
the Industrial Revolution: The Industrial Revolution was the time when machines began to do much of the work.
the Roman Empire: The Roman Empire was a large state of the ancient world. Its capital was Rome.
the Great Wall: The Great Wall is a very long wall in China that was built to protect the country.""")

PEOPLE = pairs("""Albert Einstein: Albert Einstein was a physicist. He is known for the theory of relativity.
Isaac Newton: Isaac Newton was a scientist. He described gravity and the laws of motion.
Marie Curie: Marie Curie was a scientist. She studied radioactivity and won two Nobel Prizes.
Charles Darwin: Charles Darwin was a scientist. He explained evolution by natural selection.
Galileo Galilei: Galileo Galilei was a scientist. He studied the sky with a telescope.
William Shakespeare: William Shakespeare was an English writer. He wrote Hamlet and many other plays.
Leonardo da Vinci: Leonardo da Vinci was an Italian artist and inventor. He painted the Mona Lisa.
Mozart: Mozart was a composer from Austria. He wrote his first music as a child.
Beethoven: Beethoven was a German composer. He went on writing music when he could no longer hear.
Neil Armstrong: Neil Armstrong was an astronaut. He was the first person to walk on the moon.
Yuri Gagarin: Yuri Gagarin was the first person in space.
Cleopatra: Cleopatra was a queen of ancient Egypt.
Julius Caesar: Julius Caesar was a Roman general and ruler.
George Washington: George Washington was the first president of the United States.
Nelson Mandela: Nelson Mandela was a president of South Africa. He fought for equal rights.
Alan Turing: Alan Turing was a mathematician. He helped to start computer science.
Vincent van Gogh: Vincent van Gogh was a Dutch painter. He painted The Starry Night.
Johannes Gutenberg: Johannes Gutenberg built a printing press with movable letters.
Marco Polo: Marco Polo was a traveler from Venice who went to China.
Christopher Columbus: Christopher Columbus was a sailor who reached America in 1492.""")

SINGLE = pairs("""How many days are in a week?: There are seven days in a week.
How many months are in a year?: There are twelve months in a year.
How many hours are in a day?: There are 24 hours in a day.
How many minutes are in an hour?: There are 60 minutes in an hour.
How many planets are in the solar system?: There are eight planets in the solar system.
How many continents are there?: There are seven continents.
How many sides does a triangle have?: A triangle has three sides.
How many letters are in the English alphabet?: There are 26 letters in the English alphabet.
What is the largest planet?: Jupiter is the largest planet in the solar system.
What is the largest ocean?: The Pacific is the largest ocean.
What is the largest animal?: The blue whale is the largest animal.
What is the highest mountain?: Mount Everest is the highest mountain on Earth.
What is the fastest land animal?: The cheetah is the fastest land animal.
What is the tallest animal?: The giraffe is the tallest animal.
Which planet is closest to the sun?: Mercury is the planet closest to the sun.
What planet do we live on?: We live on the Earth.
Why is the sky blue?: The air scatters blue light from the sun more than other colors.
Why do we sleep?: We sleep so that the body and the brain can rest.
Why do leaves fall?: Many trees drop their leaves to save water in the cold season.
Why is the sea salty?: Rivers carry salt from rocks to the sea.
Why do birds fly south?: Many birds fly south to find food and warm weather in winter.
Why does ice float?: Ice floats because it is lighter than water.
When does water boil?: Water boils at 100 degrees Celsius.
When does water freeze?: Water freezes at 0 degrees Celsius.
What do plants need?: Plants need light, water and air.
What do bees make?: Bees make honey.
What does NASA do?: NASA sends people and machines to space.
Who wrote Hamlet?: William Shakespeare wrote Hamlet.
Who painted the Mona Lisa?: Leonardo da Vinci painted the Mona Lisa.
Who was the first person on the moon?: Neil Armstrong was the first person on the moon.
Is the Earth flat?: No. The Earth is round.
Is the sun a star?: Yes. The sun is a star.
Can fish breathe under water?: Yes. Fish breathe under water with gills.
Can penguins fly?: No. Penguins cannot fly, but they swim very well.
Do spiders have eight legs?: Yes. Spiders have eight legs.
Is a whale a fish?: No. A whale is a mammal.""")

GROUPS = {
    "animals": "dog, cat, horse, cow, lion, tiger, bear, fox, rabbit, elephant, monkey, mouse",
    "birds": "owl, eagle, crow, sparrow, swan, duck, parrot, penguin",
    "colors": "red, blue, green, yellow, orange, purple, black, white, pink, brown",
    "fruits": "apple, banana, orange, pear, grape, lemon, peach, cherry, melon, plum",
    "vegetables": "carrot, potato, onion, tomato, cabbage, pea, bean, spinach",
    "countries": "France, Japan, Brazil, Egypt, Canada, India, Kenya, Spain, Peru, Norway",
    "cities": "Paris, London, Rome, Tokyo, Berlin, Cairo, Madrid, Sydney",
    "planets": "Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus, Neptune",
    "months": "January, March, April, May, June, July, August, October, December",
    "days": "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday",
    "seasons": "spring, summer, autumn, winter",
    "tools": "hammer, saw, drill, screwdriver, knife, shovel, rake",
    "instruments": "piano, violin, guitar, drum, flute, trumpet, harp",
    "sports": "football, tennis, swimming, running, chess, skiing, rowing, golf",
    "jobs": "doctor, teacher, baker, farmer, pilot, painter, cook, nurse",
    "drinks": "water, tea, coffee, milk, juice, lemonade",
    "clothes": "shirt, hat, coat, sock, shoe, scarf, glove, dress",
    "vehicles": "car, bus, train, ship, bicycle, airplane, truck, boat",
    "metals": "iron, gold, silver, copper, tin, lead",
    "shapes": "circle, square, triangle, rectangle, star, oval",
    "flowers": "rose, tulip, daisy, lily, sunflower, violet",
    "trees": "oak, pine, birch, maple, willow, apple tree",
    "feelings": "joy, fear, anger, hope, love, surprise, sadness",
    "school subjects": "math, history, art, music, biology, English",
    "pieces of furniture": "chair, table, bed, shelf, sofa, desk, lamp",
    "body parts": "hand, foot, head, arm, leg, nose, ear, eye",
    "languages": "English, French, Spanish, German, Chinese, Arabic, Hindi",
    "insects": "bee, ant, butterfly, beetle, fly, moth",
    "sea animals": "whale, shark, crab, seal, octopus, dolphin",
    "farm animals": "cow, pig, hen, sheep, goat, horse, duck",
    "things in a kitchen": "spoon, fork, pot, pan, cup, plate, oven",
}
