"""Noise for labelled prompts: the category must be read from the shape of a prompt, not from words seen in training.

Replaced words keep their ending, so that a verb form stays a verb form; the stem is another word or made up from sounds.
"""

import re

ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k kn l m n p ph pl pr qu r s sc sh sk sl sm sn sp st str sw t th tr tw v w wh wr y z".split()
VOWELS = "a a e e i i o o u ai ea ee ou oo ie au io y".split()
CODAS = "b ck ct d ft g l ld ll lm lt m mp n nd ng nt p pt r rb rd rk rm rn rt s sk ss st t tch th v x z".split()
ENDINGS = ("tion", "ness", "ment", "ings", "ing", "ous", "ive", "ity", "ies", "ers", "est", "ful", "ed", "ly", "er", "al", "ic", "s", "e", "y")
STEMS = """abandon ability absence accident account achieve action activity actor address advance adventure advice affair agency agent agreement
aircraft alarm album ambition analysis anchor ancient angle ankle anniversary announce answer apartment appear approach arena army arrow article
artifact assembly athlete atmosphere attack attempt attorney audience author autumn avenue award background badge balance ballet bandage bargain barrel
baseball basement battle beach beard beauty behave belief benefit berry beverage biography blanket blossom boundary bowl brain branch breakfast breeze
brick broadcast brother budget bullet burden business cabinet cable cafe calendar camera campaign canal cancel candidate canvas capture carbon career carpet
cartoon castle catalog category celebrate cellar century ceremony chain challenge champion channel chapter charity charm chemical childhood chimney choice
circuit citizen civil claim classic climate climb clinic closet coach coast collapse colony column comfort command comment commerce committee community
compare compete complaint compose concert condition conflict connect consider contact content contest contract control cottage council counter courage
course courtyard cousin craft create creature credit crime crisis critic crowd crystal culture curious current curtain custom damage danger daughter debate
debt decade decide declare decline defeat defend degree delay delicate deliver demand department deposit depth desire detail device devote diagram diamond
diet digital dinner direct disaster discover display distance district divide document domain double doubt dozen drama dream dress drift drink drive
dynasty eager earth economy edge edition educate effort elect element elegant elevator embrace emotion empire employ enemy energy engage enjoy enormous
entertain entrance envelope environment episode equal equipment error escape estate evening evidence exact examine excite executive exercise exhibit expand
expect expert explore export express extend fabric factory failure familiar fantasy fashion fault favor feature festival fiction figure finance finger
firm flavor flight flood forecast foreign formal fortune foundation fragile frame freeze frequent fuel function funeral furniture gallery gather general
generous genius gesture glacier global glory govern grace gradual graduate grain grammar graph grave greet grocery guard guess guest guitar habit handle
harvest hazard headline health height heritage heroic hidden historic hobby holiday honest horizon hospital humble humid hunt hurry ideal identify ignore
illness image impact import improve include income increase industry infant inform injury insect inspect inspire install insult intense invest invite island
jacket jewel journal journey justice kingdom kitchen label labor ladder landscape language launch laundry layer leader league leather legal legend leisure
lemon level liberty limit liquid literature local location logic lonely luggage luxury machine magazine magnet maintain manage margin market master match
material measure medicine member mention merchant message metal method military mineral minister minor miracle mission mistake mixture mobile moderate moment
monitor monster monument morning motion motor mountain movement murder muscle museum mystery narrow nation native nature neighbor network neutral noble
noise normal notice novel nuclear object observe obtain obvious occasion office opera opinion oppose orbit orchard organize origin outcome oxygen package
palace panel parade parent partner passage passion patient pattern payment peaceful penalty perform period permit phase phone phrase physical pianist
picnic pioneer planet plastic platform pleasure pocket poison police policy popular portion portrait position potential poverty powder practice prayer
predict prefer prepare presence pressure prevent price pride princess prison private prize problem process produce profile profit progress project promise
property protect protest proud public purchase puzzle quality quarter quick quiet radical railway random rapid rare reaction recover reform refugee region
regret regular relief religion remote repair replace report republic rescue research resist resource respect response retire reveal revenue reward rhythm
ritual rival rocket romance rotate routine royal rural sacred safety salary satellite satisfy savage scale scandal scatter schedule scholar science scratch
screen season secret section secure select senior sentence series serious service session settle shadow shallow shelter shift shoulder signal silence silver
simple sister skeleton sketch slavery social soldier solution source special species spirit sponsor spread stadium standard station statue steady stock
stomach storage strange strategy stream strength stretch strike structure struggle studio style submit subtle suburb success suffer suggest summit supply
support surface surgery surprise surround survive suspect swallow symbol symptom system talent target teenage temple tender tension theater theory therapy
threat throne thunder ticket timber tobacco tomorrow tongue tornado tourist tower trade tradition traffic tragedy transfer travel treasure treaty tribe
triumph tropical trouble tunnel twist typical ultimate uncle uniform union unique universe update urban useful vacuum valid valley value variety vehicle
venture version vessel veteran victim victory village violence virtue visible vision visitor vitamin vocal volume voyage wander warrior weapon weather
wedding weekend welcome western whisper widow wisdom witness wonder worry worship wound yesterday youth""".split()
KEPT = set("""exactly instructions sentence sentences paragraph paragraphs words bullet format response answer summary summarize explain describe write create compose
imagine pretend roleplay character poem story haiku sonnet lyrics slogan dialogue scene monologue riddle reasoning explain puzzle because probability calculate
history difference between include including following function python translate rewrite convert extract classify generate perspective speech letter
yourself assume persona opening chapter fiction novel rhyme limerick ballad should cannot without before after altogether remaining total
channel slip adopt role part place voice shoes speak answer respond play work picture think pretend you your step format table list json steps""".split())


def sound_word(rng):
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + (rng.choice(CODAS) if rng.random() < 0.6 else "") for _ in range(rng.randint(1, 3)))


def blur_words(text, rng):
    """Replaces a drawn share of the longer words; mostly the opening stays, since it carries much of the category."""
    share = rng.choice([0.1, 0.2, 0.35])
    opening = 0 if rng.random() < 0.15 else len(" ".join(text.split(" ")[:3]))

    def swap(match):
        word = match.group(0)
        if match.start() < opening or word.lower() in KEPT or rng.random() > share:
            return word
        ending = next((e for e in ENDINGS if word.endswith(e)), "")
        stem = rng.choice(STEMS) if rng.random() < 0.65 else sound_word(rng)
        new = stem + ("" if stem.endswith(ending) else ending)
        return new.capitalize() if word[0].isupper() else new

    return re.sub(r"\b[A-Za-z][a-z]{3,}\b", swap, text)
