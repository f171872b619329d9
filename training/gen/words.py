"""Word tables shared by all generators: topics, people, things, places, moods."""


def items(text):
    return [item.strip() for item in text.replace("\n", " ").split(",") if item.strip()]


PERSON = items("""Albert Einstein, Marie Curie, Isaac Newton, Galileo Galilei, Charles Darwin, Nikola Tesla, Thomas Edison,
Leonardo da Vinci, Michelangelo, Vincent van Gogh, Pablo Picasso, Frida Kahlo, Mozart, Beethoven, Bach, William Shakespeare,
Jane Austen, Charles Dickens, Mark Twain, Ernest Hemingway, Virginia Woolf, Homer, Dante, Goethe, Tolstoy, Socrates, Plato,
Aristotle, Confucius, Immanuel Kant, Karl Marx, Sigmund Freud, Julius Caesar, Cleopatra, Alexander the Great, Genghis Khan,
Queen Victoria, Elizabeth I, Henry VIII, Abraham Lincoln, George Washington, Winston Churchill, Nelson Mandela, Mahatma Gandhi,
Martin Luther King, Rosa Parks, Joan of Arc, Marco Polo, Christopher Columbus, Ferdinand Magellan, James Cook, Neil Armstrong,
Yuri Gagarin, Amelia Earhart, Alan Turing, Grace Hopper, Rosalind Franklin, Louis Pasteur, Gregor Mendel, Florence Nightingale,
Johannes Gutenberg, James Watt, Alexander Graham Bell, the Wright brothers, Steve Jobs, Stephen Hawking, Archimedes, Pythagoras,
Euclid, Copernicus, Kepler, Max Planck, Niels Bohr, Lise Meitner, Emmy Noether, Sherlock Holmes, Harry Potter, Batman""")

PLACE = items("""France, Germany, Italy, Spain, Japan, China, India, Brazil, Canada, Mexico, Egypt, Kenya, Nigeria, Australia,
New Zealand, Russia, Poland, Greece, Turkey, Norway, Sweden, Iceland, Argentina, Peru, Chile, Vietnam, Thailand, South Africa,
the United States, the United Kingdom, Paris, London, Rome, Berlin, Tokyo, New York, Cairo, Sydney, Venice, Athens, Moscow,
San Francisco, Hong Kong, Singapore, Lisbon, Sicily, Texas, California, Antarctica, the Sahara, the Amazon rainforest, the Himalayas,
Mount Everest, the Grand Canyon, the Great Wall, the Nile, the Pacific Ocean, the Arctic, the Alps, the Great Barrier Reef, the moon,
Mars, Jupiter, Saturn, Europe, Africa, Asia, South America""")

EVENT = items("""the Industrial Revolution, the Renaissance, the Cold War, World War I, World War II, the French Revolution,
the American Civil War, the fall of the Roman Empire, the Black Death, the moon landing, the Great Depression, the Russian Revolution,
the fall of the Berlin Wall, the Crusades, the Reformation, the Enlightenment, the space race, the Silk Road, the gold rush,
the Age of Exploration, the Battle of Hastings, the signing of the Magna Carta, the Boston Tea Party, the Olympic Games,
the eruption of Vesuvius, the sinking of the Titanic, the Ice Age, the Bronze Age, the Ming dynasty, the Ottoman Empire,
the civil rights movement, the women's suffrage movement, the Meiji Restoration, the Spanish Armada, the Great Fire of London""")

CONCEPT = items("""photosynthesis, gravity, evolution, natural selection, plate tectonics, the water cycle, the carbon cycle, cell division,
DNA, the immune system, the nervous system, the digestive system, black holes, the Big Bang, relativity, quantum mechanics,
quantum computing, electricity, magnetism, thermodynamics, nuclear fusion, nuclear fission, radioactivity, the periodic table,
chemical bonds, acids and bases, climate change, the greenhouse effect, the ozone layer, ecosystems, food chains, biodiversity,
inflation, supply and demand, interest rates, the stock market, monopolies, globalization, democracy, capitalism, socialism,
the separation of powers, human rights, the constitution, taxes, artificial intelligence, machine learning, neural networks,
blockchain, cryptography, the internet, cloud computing, databases, operating systems, programming languages, algorithms,
renewable energy, solar power, wind turbines, batteries, vaccines, antibiotics, viruses, bacteria, the human heart, blood pressure,
the brain, memory, sleep, dreams, emotions, language, grammar, logic, probability, statistics, calculus, algebra, geometry,
prime numbers, fractals, perspective in art, impressionism, surrealism, jazz, classical music, opera, film noir, architecture,
philosophy, stoicism, existentialism, utilitarianism, ethics, free will, consciousness, religion, mythology, linguistics,
photography, printing, navigation, agriculture, urban planning, recycling, fermentation, earthquakes, volcanoes, tides, hurricanes,
rainbows, lightning, seasons, eclipses, comets, stars, galaxies, dark matter, enzymes, hormones, proteins, mitochondria, the human eye""")

THING = items("""a bicycle, a telescope, a steam engine, a lighthouse, a violin, a piano, a clock, a mirror, a candle, a lamp, a map, a key,
a letter, an umbrella, a suitcase, a train, a ship, a balloon, a robot, a camera, a typewriter, a printing press, a compass, a bridge,
a castle, a cathedral, a library, a garden, a window, a door, a coin, a ring, a book, a pencil, a kettle, a coffee cup, a chair,
a pair of boots, an old radio, a snow globe, a music box, a pocket watch, a smartphone, a laptop, a microwave, a refrigerator,
a helicopter, a submarine, a rocket, a microscope, a thermometer, a guitar, a drum, a kite, a puppet, a paper boat, a sandwich""")

ANIMAL = items("""cat, dog, horse, cow, pig, sheep, goat, hen, duck, goose, mouse, rabbit, squirrel, hedgehog, fox, wolf, bear, deer, owl,
eagle, crow, sparrow, swan, penguin, seal, whale, dolphin, shark, octopus, crab, turtle, frog, snake, lizard, crocodile, lion, tiger,
elephant, giraffe, zebra, monkey, gorilla, camel, kangaroo, koala, panda, bat, bee, ant, butterfly, spider, snail, parrot, otter,
beaver, badger, donkey, hamster, moth, salmon, jellyfish, flamingo, raccoon, hawk""")

FOOD = items("""bread, cheese, rice, pasta, soup, salad, pizza, sushi, curry, pancakes, chocolate, honey, apples, oranges, bananas, grapes,
strawberries, tomatoes, potatoes, carrots, onions, garlic, mushrooms, eggs, milk, butter, coffee, tea, cookies, cake, pie, ice cream,
noodles, tacos, lasagna, steak, tofu, lentils, yogurt, oatmeal""")

ITEM = items("""apples, oranges, marbles, stickers, pencils, books, coins, eggs, flowers, candies, cookies, tickets, cards, toys, balls, stamps,
shells, stones, chairs, boxes, bottles, cupcakes, muffins, balloons, notebooks, buttons, beads, pizzas, sandwiches, lemons, peaches,
bags of flour, liters of milk, pages, miles, dollars, cats, chickens, fish, trees, roses, shirts, socks, hats, necklaces, bracelets,
packs of gum, crayons, puzzles, video games, newspapers, lollipops, pears, pumpkins""")

JOB = items("""doctor, nurse, teacher, lawyer, judge, detective, police officer, firefighter, pilot, sailor, captain, pirate, knight, wizard,
king, queen, soldier, general, spy, farmer, gardener, baker, chef, waiter, bartender, barista, butcher, fisherman, carpenter, plumber,
electrician, mechanic, engineer, software engineer, data scientist, programmer, web designer, architect, scientist, physicist, chemist,
biologist, astronomer, astronaut, mathematician, statistician, economist, accountant, banker, financial advisor, investor, salesperson,
marketing manager, product manager, project manager, recruiter, career coach, life coach, fitness coach, personal trainer, nutritionist,
dietitian, psychologist, therapist, psychiatrist, veterinarian, dentist, pharmacist, surgeon, paramedic, librarian, historian,
archaeologist, museum curator, tour guide, travel agent, hotel manager, flight attendant, journalist, reporter, editor, novelist, poet,
playwright, screenwriter, film critic, film director, actor, comedian, singer, musician, composer, conductor, DJ, rapper, painter,
sculptor, photographer, fashion designer, interior designer, tailor, blacksmith, clockmaker, shopkeeper, real estate agent, diplomat,
mayor, senator, president, philosopher, monk, priest, translator, interpreter, speechwriter, negotiator, debate coach, chess master,
referee, football commentator, podcast host, game designer, dungeon master, cybersecurity expert, system administrator, customer service agent,
wine expert, sommelier, beekeeper, park ranger, mountain guide, zookeeper, marine biologist, geologist, meteorologist, event planner,
wedding planner, childcare worker, kindergarten teacher, school principal, tutor, professor, bus driver, taxi driver, truck driver""")

ROLE_ADJ = items("""seasoned, experienced, world-famous, friendly, grumpy, strict, patient, sarcastic, cheerful, wise, old, young, retired,
brilliant, eccentric, cynical, optimistic, legendary, senior, junior, certified, professional, skilled, passionate, enthusiastic,
witty, mysterious, medieval, Victorian, futuristic, modern, no-nonsense, gentle, ruthless, clumsy, nervous, confident, humble, proud,
Michelin-starred, award-winning, highly paid, small-town, time-traveling, 19th-century, 1920s, ancient Roman, ancient Greek""")

BEING = items("""a dragon, a ghost, a vampire, an alien, a talking cat, a talking tree, a robot, an artificial intelligence, a medieval king,
a Viking, a samurai, a cowboy, a time traveler, a superhero, a supervillain, a fairy, an elf, a goblin, a genie, a mermaid, a giant,
a witch, an old oak tree, a lost puppy, a houseplant, a toaster, a lighthouse, a mountain, the ocean, the sun, the moon, a raindrop,
a Martian, a ship's computer, a tea kettle, a dinosaur, a caveman, a Roman soldier, an Egyptian pharaoh, a Greek god, a fortune teller""")

CHARACTER = items("""a young girl, an old sailor, a lonely robot, a shy boy, a retired detective, a clumsy wizard, two sisters, a lost astronaut,
a blind painter, a talking fox, a tired teacher, a night watchman, a street musician, a runaway prince, a lighthouse keeper, a baker,
a gardener, a thief, a ghost, a time traveler, a cat, a stray dog, a dragon, a grandmother, a clockmaker, a librarian, a violinist,
a knight who is afraid of horses, a girl who can hear the stars, a boy who never sleeps, the last tree on Earth, a postman, a beekeeper,
an inventor, a scientist, an artist, a chef, a milkman, a shopkeeper, a pilot, a mermaid, a shadow, a sculptor, a diver, a barista""")

SETTING = items("""a small village, a haunted house, a floating city, an empty train station, a distant planet, a desert island, a rainy city,
an old library, a forest at night, a space station, a mountain cabin, an underwater kingdom, a crowded market, a frozen lake, a quiet town,
an abandoned factory, a seaside town, a city of the future, a kingdom of clouds, a circus, a museum after dark, a garden in spring,
a world without color, a world where nobody can lie, a world where music is forbidden, a subway car, a long winter, the edge of the world,
a bakery, a hospital at midnight, a lighthouse in a storm, a desert, a school for wizards, an ancient temple, an attic, a bookshop""")

THEME = items("""hope, loss, friendship, love, courage, loneliness, time, memory, the sea, autumn, winter, spring, summer, the stars, rain, snow,
night, the moon, the sunrise, sunset, home, childhood, growing old, freedom, dreams, silence, forgiveness, betrayal, jealousy, kindness,
nature, the city at night, a broken heart, a first day at school, a mother's hands, an unexpected gift, a secret, a promise, a long journey,
the changing seasons, the smell of coffee, the sound of the ocean, falling leaves, morning fog, a thunderstorm, fireflies, an old photograph""")

PRODUCT = items("""a coffee shop, a bakery, a shoe brand, a toothpaste, a smart watch, an electric car, a travel app, a fitness app, a pet store,
an eco-friendly water bottle, a new perfume, a bookstore, a bicycle shop, a vegan restaurant, a music festival, a toy company, a bank,
a cleaning service, an online course, a meditation app, a video game, a hotel, a soap brand, a chocolate bar, a mattress company,
a flower shop, a dating app, a pizza place, a sunscreen, a language school, a line of running shoes, a startup that sells socks""")

TASK_TOPIC = items("""making a cup of tea, baking bread, changing a tire, planting a tree, learning a language, saving money, writing a resume,
preparing for a job interview, planning a birthday party, planning a trip to Japan, training for a marathon, studying for an exam,
cleaning a kitchen, building a website, starting a small business, organizing a desk, cooking rice, washing a car, tying a tie,
setting up a home network, adopting a dog, growing tomatoes, reading more books, waking up early, brewing coffee, fixing a leaky faucet,
moving to a new city, running a meeting, giving a speech, time management, remote work, public speaking, healthy eating, home safety,
daily exercise, a morning routine, a book club, recycling at home, riding a bicycle, learning the guitar, a picnic, a school project""")

NAME = items("""Tom, Anna, Ben, Lily, Sam, Mia, Max, Emma, Jack, Sara, Leo, Nora, Tim, Rosa, Paul, Ella, Luke, Ivy, Finn, Zoe, Noah, Ada, Omar, Maya,
Hugo, Clara, Peter, Alice, John, Mary, James, Linda, David, Susan, Mark, Julia, Carlos, Maria, Ahmed, Fatima, Wei, Yuki, Ravi, Priya,
Arne, Birgit, Celia, Dora, Edgar, Frank, Gwen, Heidi, Ingrid, Jonas, Karl, Lena, Nils, Olive, Pablo, Quinn, Rita, Stefan, Ulla, Viktor, Walter, Yara""")

ADJ = items("""red, blue, green, yellow, small, big, tall, short, heavy, light, fast, slow, old, new, cheap, expensive, warm, cold, bright, dark,
quiet, loud, happy, sad, strong, weak, rich, poor, clean, dirty, round, square, smooth, rough, sweet, sour, soft, hard, brave, shy""")

SUBJECT = items("""math, history, physics, chemistry, biology, geography, English, art, music, computer science, economics, philosophy, psychology,
astronomy, literature, politics, medicine, law, engineering, sociology""")

LANGUAGE = items("""English, French, Spanish, German, Italian, Japanese, Chinese, Korean, Arabic, Russian, Portuguese, Hindi, Latin, Greek, Swedish""")

TITLE = items("""The Last Lantern, The Silver Road, Winter's Child, A Map of Rain, The Glass Harbor, Night Garden, The Paper Crown, Two Rivers,
The Iron Bird, Under a Green Sky, The Quiet House, The Seventh Key, A Handful of Stars, The Long Way Home, The Matrix, Romeo and Juliet,
Hamlet, Moby Dick, Pride and Prejudice, The Odyssey, Frankenstein, Dracula, Star Wars, The Lion King, Don Quixote, Alice in Wonderland""")
