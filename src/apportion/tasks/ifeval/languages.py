"""Languages: which one a text is written in, by its script and its commonest words. No model, no download."""

import unicodedata
from collections import Counter

_SAMPLE = 20_000  # characters that are looked at

# Scripts that one language of the benchmark writes
_SCRIPTS = {
    "KANNADA": "kn", "GURMUKHI": "pa", "GUJARATI": "gu", "TELUGU": "te", "TAMIL": "ta", "THAI": "th",
    "BENGALI": "bn", "HANGUL": "ko", "MALAYALAM": "ml", "ORIYA": "or", "HEBREW": "he", "GREEK": "el",
    "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "GEORGIAN": "ka", "ARMENIAN": "hy", "MYANMAR": "my",
    "KHMER": "km", "LAO": "lo", "SINHALA": "si", "ETHIOPIC": "am",
}  # fmt: skip

# The commonest short words of the languages that share a script
_WORDS: dict[str, dict[str, str]] = {
    "LATIN": {
        "en": "the of and to in is that it for you was with on are as this be at have from or by not but what they "
        "we can your an i my if will there which their all has more one about do so how out up who would them these "
        "than when into some his her he she its our no just like me hello write yes dear was were been also only",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus "
        "er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor "
        "zur bis mehr durch man sein wurde sei ich wir ihr mich mir uns kein keine wenn",
        "fr": "le la les de des du et en un une est que qui dans pour pas sur ce se il au par plus avec sont ne je "
        "vous nous on elle mais ou cette ces son sa ses leur été aux être même fait tout bien très comme c'est d'un",
        "es": "el la los las de del y en un una es que por con para no se su lo al como más pero sus le ya o este sí "
        "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante está son fue",
        "it": "il lo la gli le di del della dei e è in un una che per con non si da su al come più ma sono anche ha "
        "nel alla dal questo questa se mi ci o suo sua nella delle degli ho sei siamo cosa tutto io tu noi hanno",
        "pt": "o a os as de do da dos das e é em um uma que por com para não se no na ao como mais mas são foi seu sua "
        "ou quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem nas você ele",
        "nl": "de het een en van in is dat op te voor met die niet zijn aan er om ook als dan maar bij of uit nog naar "
        "door over ze zich hij wordt kan meer wel geen deze heeft ik je we wij was worden haar",
        "sv": "och i att det som en på är av för med till den har de inte om ett han men var sig från så kan när jag "
        "vi du eller nu också efter ska här vara mot utan över",
        "da": "og i at det som en på er af for med til den har de ikke om et han men var sig fra så kan når jeg vi du "
        "eller nu også efter skal her være mod uden over",
        "fi": "ja on ei se että oli hän mutta ovat kun niin myös tai jos mitä kuin sen tämä vain joka siitä minä sinä "
        "hänen olen ole voi nyt sitten mukaan kanssa jo ne me te he olla tämän kuten joita joka mikä jotka missä",
        "pl": "i w na z do nie się że to jest o jak za od po co dla tak ale przez ma czy już są był było może tylko "
        "jego jej ich być oraz przy",
        "cs": "a v na se že je to s z do o k i jako za pro by ale po jsou od co které tak nebo jeho byl bylo může však "
        "jen při podle",
        "ro": "și de în la a cu pe un o care nu este din că se pentru mai au sunt fi dar sau prin ca lui această după",
        "hu": "a az és hogy nem is egy van de ez csak meg már ha még mint vagy volt azt el lehet minden nagyon",
        "tr": "ve bir bu da de için ile çok ne olarak gibi daha o ama kadar olan var mi ben sen en sonra ya her değil",
        "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke karena ada saya kita mereka atau "
        "oleh bisa adalah telah sudah dapat seperti",
        "vi": "và của là có trong cho các được một không những với người này để khi đã tôi bạn chúng ta nhiều như về "
        "trên ra làm thì mà cũng rất phải đến từ nếu anh em ơi sẽ vào",
        "sw": "na ya wa kwa ni za la katika kama hii hiyo cha yake au si kuwa watu sana lakini pia kwenye mtu wao huyu "
        "hivyo kila mimi wewe yeye sisi ambayo nini wakati bila hakuna kuna zaidi yangu yako vya",
        "tl": "ang ng sa na mga ay at ko hindi ito ka ako si para may kung siya lang naman po ni kay",
    },
    "CYRILLIC": {
        "ru": "и в не на что с он как это по но из у за о так же от к бы вы был для мы все я ее его она они или если "
        "ты чтобы только еще когда уже где который которая быть есть было мне меня при может",
        "bg": "и на да се от в за е не са че с по ще като си ли те но това или който която което които има беше са "
        "към при много до му ѝ ги тя той ние вие аз след бъде може толкова само",
        "uk": "і в не на що з він як це по але із у за та також від до ви був для ми все я її його вона вони або якщо "
        "ти щоб тільки ще коли вже де який яка бути є було мені мене при може",
        "mk": "и на да се од во за е не со по ќе како си ли тие но тоа или кој која кое кои има беше",
        "sr": "и на да се од у за је не са по ће као си ли они али то или који која које има био су",
    },
    "DEVANAGARI": {
        "hi": "है हैं के की का में से को और यह पर नहीं ने कि एक हो भी था थी थे इस जो तो कर लिए वह अपने अपनी आप मैं "
        "हम ही या करने साथ होता सकते क्या हूँ रहा रही कभी उसका उसकी",
        "mr": "आहे आहेत आणि च्या या ते तो ती हे ही मध्ये नाही होते होता होती केले केला साठी एक मी तुम्ही आपण आपल्या "
        "पण का ला ने असे असा त्या त्याच्या काही किंवा म्हणून करण्यासाठी",
        "ne": "छ छन् छैन र को का मा ले लाई पनि यो त्यो भने हुन्छ गर्न गर्ने गर्नुहोस् थियो हो एक म तपाईं तपाईंको हामी "
        "भएको बाट देखि सम्म यस जुन दिन सक्छ",
    },
    "ARABIC": {
        "ar": "في من على إلى عن أن هذا هذه التي الذي ما لا كان كانت مع أو هو هي كل بعد قبل بين قد لم لن ثم إذا كما ذلك "
        "يمكن أنا نحن إن و",
        "fa": "و در به از که این است را با برای آن یک می های تا شود بر خود هم بود شده اما یا من تو او ما شما آنها "
        "نیست کرد کند باید اگر چه",
        "ur": "کے کی کا میں ہے ہیں سے اور کو نے یہ پر کہ اس ہو نہیں بھی تھا تھی وہ ایک جو تو کر لیے آپ ہم اپنے اپنی "
        "رہا ہوں گا گی",
    },
}  # fmt: skip
# Letters that only some of them use, each worth a part of a word
_LETTERS: dict[str, dict[str, str]] = {
    "LATIN": {"de": "ßü", "fr": "çœêè", "es": "ñ¿¡", "pt": "ãõ", "fi": "äö", "sv": "å", "da": "øæ", "pl": "łąęśż",
              "cs": "řěů", "ro": "țșă", "hu": "őű", "tr": "ğış", "vi": "ơưđạảấầậắốộớờợứừữệềểế"},
    "CYRILLIC": {"ru": "ыэё", "bg": "ъ", "uk": "іїєґ", "mk": "ѓќѕ", "sr": "ђћџ"},
    "DEVANAGARI": {"mr": "ळ"},
    "ARABIC": {"ar": "ةىإأ", "fa": "پچژگکی", "ur": "ٹڈڑںھہے"},
}  # fmt: skip
_WORD_SETS = {
    script: {language: frozenset(words.split()) for language, words in languages.items()}
    for script, languages in _WORDS.items()
}
UNDETERMINED = "und"
LANGUAGES = frozenset(_SCRIPTS.values()).union(*_WORDS.values())
"""Codes of the languages that can be told."""


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that most of a text is in; None for a text without letters.

    "und" where its script is shared and none of its words is known: a name, say, or letters at random.

    >>> language_of("Das ist nicht mein Haus."), language_of("1, 2, 3")
    ('de', None)
    """
    sample = text[:_SAMPLE].casefold()
    letters = Counter(character for character in sample if character.isalpha())
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[_script(letter)] += count
    if not scripts:
        return None
    script = scripts.most_common(1)[0][0]
    if script == "CJK" and scripts["HIRAGANA"] + scripts["KATAKANA"] > 0:
        return "ja"
    if script not in _WORD_SETS:
        return _SCRIPTS.get(script, UNDETERMINED)
    words = Counter(_words(sample))
    scores = {
        language: sum(count for word, count in words.items() if word in known)
        + sum(letters[letter] for letter in _LETTERS.get(script, {}).get(language, "")) / 3
        for language, known in _WORD_SETS[script].items()
    }
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > 0 else UNDETERMINED


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _words(text: str) -> list[str]:
    """Return the words; signs for vowels, which are no letters in some scripts, belong to them."""
    marked = "".join(
        c if c.isalpha() or c in "'’" or unicodedata.category(c) in ("Mc", "Mn") else " " for c in text
    )
    return marked.split()
