"""Words that fill the frames' slots. The same words serve all categories, so that a topic says nothing about the category."""


def _items(text):
    return [item.strip() for item in text.replace("\n", " ").split(";") if item.strip()]


SLOTS = {
    # Things one can ask about, sing about, sort or explain.
    "topic": _items("""volcanoes; photosynthesis; the French Revolution; black holes; compound interest; sourdough bread; penguins; the Silk Road; plate tectonics;
        vaccines; jazz; chess openings; the stock market; inflation; glaciers; the human heart; sleep; climate change; tidal power; the Roman Empire;
        bees; coral reefs; electric cars; blockchain; recycling; the water cycle; diabetes; the Cold War; impressionism; the periodic table; DNA; gravity;
        lightning; migration of birds; fermentation; the printing press; tea; coffee; marathon running; beekeeping; yoga; machine learning; neural networks;
        databases; operating systems; encryption; HTTP; garbage collection; recursion; hash tables; sharks; whales; mushrooms; orchids; bamboo;
        deserts; monsoons; tsunamis; earthquakes; the moon; Mars; comets; dark matter; quantum computing; magnetism; superconductors; steel; concrete; paper;
        cheese; chocolate; pasta; knitting; pottery; calligraphy; origami; opera; hip hop; flamenco; ballet; the Olympics; cricket; rugby; basketball; surfing;
        chess; poker; mortgages; pensions; taxes; insurance; copyright; trademarks; contract law; juries; the constitution; elections; the United Nations; trade unions;
        remote work; job interviews; burnout; friendship; loneliness; grief; autumn; winter; the sea; rain; old houses; trains; bicycles; lighthouses; bridges;
        castles; libraries; museums; markets; gardens; tomatoes; roses; owls; wolves; cats; dogs; horses; elephants; octopuses; ants; spiders; dinosaurs;
        the Vikings; ancient Egypt; the Aztecs; samurai; pirates; the Industrial Revolution; the Great Depression; the space race; the Black Death; penicillin;
        anaesthesia; allergies; vitamins; muscles; the liver; memory; dreams; language learning; Latin; Esperanto; sign language; typography; photography;
        solar panels; wind turbines; nuclear fusion; hydrogen; batteries; semiconductors; 3D printing; drones; satellites; GPS; radar; telescopes; microscopes"""),
    "concept": _items("""entropy; osmosis; opportunity cost; supply and demand; natural selection; cognitive dissonance; due process; habeas corpus; double-entry bookkeeping; recursion;
        a black swan event; a linked list; a mutex; dependency injection; eventual consistency; the placebo effect; the Doppler effect; a leap year; a solstice; an isotope; a catalyst;
        mitosis; an ecosystem; irony; a metaphor; iambic pentameter; the golden ratio; standard deviation; a prime number; a derivative; a sonnet; umami; a roux; al dente; offside in football;
        a tie-break in tennis; torque; friction; a transistor; a capacitor; ozone; an enzyme; an antibody; cholesterol; GDP; a bond; a hedge fund; an ETF; a power of attorney; escrow; a filibuster;
        federalism; feudalism; stoicism; utilitarianism; existentialism; phenomenology; a fjord; an estuary; permafrost; a watershed; polymorphism; a compiler; a race condition; the OSI model; an API;
        a stack overflow; a foreign key; TCP; machine translation; overfitting; gradient descent; a confidence interval; a p-value; inertia; a supernova; a light year; a tariff; a subsidy"""),
    "person": _items("""Marie Curie; Isaac Newton; Cleopatra; Napoleon; Ada Lovelace; Alan Turing; Frida Kahlo; Mozart; Shakespeare; Gandhi; Nelson Mandela; Charles Darwin; Galileo; Leonardo da Vinci;
        Genghis Khan; Joan of Arc; Florence Nightingale; Tesla; Rosa Parks; Beethoven; Jane Austen; Tolstoy; Picasso; Aristotle; Socrates; Confucius; Queen Victoria; Abraham Lincoln; Winston Churchill;
        Amelia Earhart; Neil Armstrong; Bob Marley; Elvis Presley; Muhammad Ali; Pele; Serena Williams; Grace Hopper; Euler; Ramanujan; Hypatia; Sun Tzu; Machiavelli; Kafka; Bach; Vermeer"""),
    "place": _items("""Japan; Brazil; Iceland; Kenya; Mongolia; Portugal; Vietnam; Morocco; Peru; New Zealand; Scotland; Norway; Egypt; India; Turkey; Paris; Tokyo; Cairo; Lima; Berlin; Prague; Istanbul; Lisbon; Seoul; Nairobi;
        the Sahara; the Amazon; Antarctica; the Alps; the Andes; the Himalayas; the Baltic Sea; Lake Baikal; Siberia; Patagonia; Venice; Kyoto; Chicago; New Orleans; Cape Town; Sydney; Dublin; Vienna; Athens; Rome"""),
    "thing": _items("""an umbrella; a teapot; a broken clock; a bicycle; a lighthouse; a wooden chair; a lost letter; a red balloon; an old piano; a snow globe; a rusty key; a paper boat; a train ticket; a candle; a pocket watch; a suitcase;
        a toaster; a robot vacuum; a library card; a violin; a compass; a jar of honey; a pair of shoes; a mirror; a kite; a bridge; a vending machine; a traffic light; a scarecrow; a typewriter"""),
    "animal": _items("""a fox; an owl; a hedgehog; a dragon; a cat; a goldfish; a crow; a tortoise; a whale; a mouse; a bear; a rabbit; a parrot; a snail; a bee; a wolf; a donkey; an octopus; a penguin; a squirrel; a lizard; a horse; a flamingo; a moth"""),
    "job": _items("""doctor; nurse; lawyer; judge; chef; baker; pilot; flight attendant; teacher; professor; historian; librarian; detective; police officer; firefighter; carpenter; plumber; electrician; gardener; farmer; beekeeper; tailor;
        fitness coach; personal trainer; football coach; chess coach; nutritionist; therapist; psychologist; career counselor; recruiter; hiring manager; interviewer; salesperson; marketing director; startup founder; venture capitalist;
        accountant; tax advisor; financial planner; economist; physicist; chemist; astronomer; mathematician; statistician; data scientist; software engineer; senior developer; security expert; sysadmin; database administrator;
        product manager; UX designer; architect; civil engineer; mechanic; astronaut; sailor; ship captain; tour guide; travel agent; hotel concierge; sommelier; barista; bartender; musician; composer; conductor; film director; film critic;
        food critic; novelist; poet; editor; journalist; news anchor; translator; linguist; philosopher; priest; monk; diplomat; politician; campaign manager; debate coach; motivational speaker; stand-up comedian; magician; zookeeper;
        veterinarian; dog trainer; marine biologist; geologist; archaeologist; museum curator; art teacher; kindergarten teacher; math tutor; language tutor; customer support agent; real estate agent; wedding planner; event organizer; fashion designer; interior designer; dentist; pharmacist; surgeon; paramedic; midwife; weather presenter; sports commentator; game master"""),
    "character": _items("""a pirate; Sherlock Holmes; a medieval knight; a grumpy wizard; a time traveler from 2300; Shakespeare; Yoda; a talking cat; a Victorian butler; a robot that just became conscious; a Roman senator; Cleopatra; Albert Einstein; Socrates; a cowboy;
        a vampire; a ghost in an old house; an alien visiting Earth; a caveman; a samurai; a fairy godmother; a dragon guarding gold; Santa Claus; a strict headmistress; a surfer dude; a space captain; a sarcastic robot; a five-year-old child; my grandmother; a tavern keeper;
        Gandalf; Marie Curie; Leonardo da Vinci; Napoleon; Abraham Lincoln; a 1920s gangster; a hard-boiled detective; a royal advisor; a mad scientist; a superhero; a villain; the Moon; the last tree on Earth; a lighthouse; an old oak tree; a smartphone; my future self; a linux terminal; a text adventure game; a search engine from 1999; an oracle; a drill sergeant; a Zen master; a bored teenager; an ancient Egyptian scribe; a Viking"""),
    "audience": _items("""children; beginners; a ten-year-old; new parents; first-year students; seniors; my team; tourists; busy managers; complete novices; investors; high-school students; hobby cooks; engineers; new employees; my grandmother"""),
    "name": _items("""Anna; Ben; Carla; David; Elif; Farid; Grace; Hugo; Ines; Jamal; Kenji; Lena; Marco; Nadia; Omar; Priya; Quinn; Rosa; Sven; Tara; Umar; Vera; Will; Xenia; Yusuf; Zoe; Tom; Maria; Liam; Olga; Peter; Mei; Raj; Fatima; Lucas; Emma; Noah; Sofia; Ivan; Chloe"""),
    "food": _items("""pancakes; lentil soup; chicken curry; sushi; pizza; a chocolate cake; risotto; tacos; ratatouille; banana bread; an omelette; pho; ramen; a green salad; lasagna; falafel; hummus; apple pie; goulash; paella; kimchi; dumplings; shortbread; a cheese fondue"""),
    "product": _items("""a reusable water bottle; a meditation app; running shoes; a smart lamp; an electric toothbrush; a vegan burger; a budgeting app; a folding bike; a noise-cancelling headset; organic dog food; a coffee subscription; a language app; solar chargers; a podcast about history; a bakery; a yoga studio; a bookshop; a plumbing company; a children's museum; handmade candles; an online course; a gaming chair; a bamboo toothbrush; a travel agency"""),
    "unit": _items("apples; marbles; books; tickets; stickers; cookies; pencils; coins; bottles; boxes; chairs; stamps; cards; eggs; pages; tiles; candles; bricks; bags of rice; kilometers; flowers; cupcakes; T-shirts; batteries"),
    "n": [str(n) for n in range(2, 13)] + "two three four five six seven eight ten twelve".split(),
    "small": [str(n) for n in range(2, 10)],
    "big": "12 15 18 20 24 25 30 36 40 45 48 50 60 64 72 75 80 90 100 120 125 144 150 180 200 240 250 300 360 400 500 640 750 900 1,000 1,200 1,500 2,400 3,600 5,000".split(),
    "words": "50 60 75 80 100 120 150 200 250 300 400 500 600".split(),
    "year": "1066 1215 1453 1492 1648 1666 1776 1789 1815 1848 1865 1905 1914 1918 1929 1945 1957 1969 1989 1991 2001 2008".split(),
    "lang": _items("French; Spanish; German; Italian; Portuguese; Japanese; Chinese; Korean; Arabic; Turkish; Hindi; Swahili; Dutch; Polish; Swedish; Latin; Russian; Greek"),
    "code": _items("Python; JavaScript; TypeScript; Rust; Go; Java; C; C++; C#; Ruby; SQL; Bash; Kotlin; Swift; PHP; Haskell; R; Lua"),
    "emotion": _items("joy; grief; hope; loneliness; nostalgia; jealousy; courage; regret; homesickness; wonder; anger; first love; forgiveness; boredom; fear of the dark; growing old; change; silence"),
    "letter": list("abcdefghklmnoprstw"),
    "genre": _items("science fiction; horror; romance; mystery; fantasy; western; fairy tale; noir; thriller; comedy; tragedy; fable; magical realism; dystopia; steampunk; ghost story; adventure"),
    "sentence": _items("""The meeting was moved to Thursday because the room was double booked; i has went to the store yesterday and buyed milk; Our sales rose by 12% in the last quarter, mostly thanks to the new shop in Leeds; The cat sat on the mat and looked at the rain;
        Due to the fact that it was raining we made the decision to stay at home; The product arrived late and the box was damaged, but the support team was great; Me and him doesn't agree on the budget; John Smith, 42, of Boston, was elected mayor on Tuesday;
        We regret to inform you that your application was not successful; their going to loose the game if they dont try harder; The quick brown fox jumps over the lazy dog; It is widely believed that coffee was discovered by a goat herder; Thank you for your patience while we look into this;
        The experiment failed twice before the team found a loose cable; hey can u send me the file asap thx; She sells fresh bread, rolls and cakes in a small shop by the harbour; The train leaves at 9:40 from platform 3 and arrives at 12:15; I think that maybe we should possibly consider another option;
        The museum opens at ten, closes at six and is shut on Mondays; Water boils at a lower temperature at high altitude; My landlord has not fixed the heating for three weeks and I am cold; The new phone is fast and pretty but its battery is a joke"""),
    "list": _items("""apple, pear, plum, cherry; red, blue, green, yellow, black; 14, 3, 27, 8, 19; Paris, Rome, Oslo, Madrid; dog, cat, horse, cow, hen; Monday, Friday, Sunday; milk, eggs, bread, butter, salt; Anna 31, Ben 27, Carla 45; iron, gold, neon, zinc; 2021-03-04, 2019-11-30, 2020-07-15;
        hammer, saw, drill; run, walk, swim, fly; 5.2, 3.9, 4.4, 6.1; piano, drum, flute, violin; Mercury, Venus, Earth, Mars; John, Mary, Ahmed, Li; oak, birch, pine, maple; sad, happy, angry, calm"""),
    "letterset": _items("TEA, EAT, ATE; LISTEN, SILENT; STAR, RATS, ARTS; DOG, GOD; NIGHT, THING"),
}
