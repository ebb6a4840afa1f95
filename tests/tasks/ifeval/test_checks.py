"""Each of the 25 kinds of instruction: responses that follow it, and responses that do not."""

import time

import pytest

from apportion.tasks.ifeval.checks import CHECKS
from apportion.tasks.ifeval.languages import UNDETERMINED, language_of
from apportion.tasks.ifeval.sentences import count_capital_words, count_sentences, count_words

LONG = 100_000

# kind: details, followed, not followed
CASES = {
    "change_case:capital_word_frequency": (
        {"capital_relation": "at least", "capital_frequency": 3},
        ["THIS IS FINE, said he", "NASA's ISS and the ESA", "I DON'T know"],
        ["This is Fine", "Two WORDS HERE", "1 2 3 - & 4"],
    ),
    "change_case:english_capital": (
        {},
        ["THIS IS THE ANSWER, AND IT IS SHORT!", "HELLO 123"],
        ["This IS", "123", "DAS IST NICHT DIE ANTWORT UND ES IST KURZ", "ЭТО НЕ АНГЛИЙСКИЙ"],
    ),
    "change_case:english_lowercase": (
        {},
        ["this is the answer, and it is short!"],
        ["This is", "42", "das ist nicht die antwort und es ist kurz"],
    ),
    "combination:repeat_prompt": (
        {"prompt_to_repeat": "Write a haiku.  "},
        ["Write a haiku.\nOld pond", "  write a HAIKU. x"],
        ["Sure: Write a haiku.", "Write a poem."],
    ),
    "combination:two_responses": (
        {},
        ["One\n******\nTwo", "******One******Two******"],
        ["One", "One******One", "A******B******C", "A******\n\n******B"],
    ),
    "detectable_content:number_placeholders": (
        {"num_placeholders": 2},
        ["[name] and [a b]", "[[x] [y]"],
        ["[name]", "[a\nb] [c]", "]["],
    ),
    "detectable_content:postscript": (
        {"postscript_marker": "P.S."},
        ["Bye.\nP.S. me", "p. s. x"],
        ["Bye.", "PS: no", "P.S"],
    ),
    "detectable_format:constrained_response": (
        {},
        ["My answer is yes.", "Well. My answer is maybe."],
        ["Yes.", "my answer is no."],
    ),
    "detectable_format:json_format": (
        {},
        ['{"a": [1]}', '```json\n{"a": 1}\n```', "```\n[]\n```", "3"],
        ["{a: 1}", "Here: {}", "```json"],
    ),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2},
        ["SECTION 1\nx\nSECTION 2\ny", "SECTION1 SECTION2 SECTION3"],
        ["Section 1 Section 2", "SECTION 1", "SECTION one SECTION two"],
    ),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2},
        ["* a\n* b", "- a\n  - b\ntext", "\n\n* a\n\n\n* b"],
        ["* a", "** a\n** b", "* a\n* b\n- c", "1. a\n2. b"],
    ),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2},
        ["*a* and *b c*", "**a** *b*", "*a**b*"],
        ["*a*", "* a\n* b", "**** * *"],
    ),
    "detectable_format:title": (
        {},
        ["<<A title>>\ntext", "x <<a>> <<b>>"],
        ["<>", "<<>>", "<<  >>", "<<a\nb>>"],
    ),
    "keywords:existence": ({"keywords": ["Mom", "a.b"]}, ["MOM and A.B", "moment a.b"], ["mom aXb", "a.b"]),
    "keywords:forbidden_words": (
        {"forbidden_words": ["rock", "a+b"]},
        ["rocks", "a b", ""],
        ["ROCK!", "no rock"],
    ),
    "keywords:frequency": (
        {"relation": "at least", "keyword": "war", "frequency": 2},
        ["War and warfare", "war war war"],
        ["war", "peace"],
    ),
    "keywords:letter_frequency": (
        {"let_relation": "less than", "letter": "T", "let_frequency": 2},
        ["no such", "one t"],
        ["Tt", "that"],
    ),
    "language:response_language": (
        {"language": "de"},
        ["Das ist nicht mein Haus."],
        ["This is not the house.", "дом"],
    ),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Weekend"},
        ["One.\n\nWeekend, at last.", "A\n\n'weekend' x"],
        ["weekend\n\nOne.", "One.\n\nA weekend", "One.\n\nweekend\n\nThree.", "Weekend", ""],
    ),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2},
        ["a\n***\nb", "***\na\n***\nb\n***"],
        ["a", "a\n\nb", "a***b***c", "a\n***\n \n***\nb"],
    ),
    "length_constraints:number_sentences": (
        {"relation": "less than", "num_sentences": 3},
        ["One. Two.", "Dr. No met Mr. X. Fine!", ""],
        ["One. Two. Three.", "What? No! Yes."],
    ),
    "length_constraints:number_words": (
        {"relation": "at least", "num_words": 3},
        ["one two three", "it's me"],
        ["one two", "one - two"],
    ),
    "punctuation:no_comma": ({}, ["none; at all"], ["one, two"]),
    "startend:end_checker": (
        {"end_phrase": "Is that all?"},
        ["x. Is that ALL?  ", '"... is that all?"'],
        ["Is that all? No.", ""],
    ),
    "startend:quotation": ({}, ['"x"', ' "a" b "c" '], ['"', '"x', "'x'", '"x".']),
}


def test_every_kind_has_cases():
    assert set(CASES) == set(CHECKS) and len(CHECKS) == 25
    for kind, (details, _, _) in CASES.items():
        assert set(CHECKS[kind][1]) == set(details)


@pytest.mark.parametrize("kind", CASES)
def test_followed_or_not(kind):
    details, good, bad = CASES[kind]
    check = CHECKS[kind][0]
    assert [text for text in good if not check(text, details)] == []
    assert [text for text in bad if check(text, details)] == []


HOSTILE = [
    "", "\0", "\ud800", "\n" * LONG, " " * LONG, "*" * LONG, "[" * LONG, "<" * LONG, ">" * LONG, "<<" * (LONG // 2),
    "a" * LONG, "." * LONG, "p." * (LONG // 2), "P. " * (LONG // 3), "* " * (LONG // 2), "- \n" * (LONG // 3),
    "SECTION " * (LONG // 8), "{" * LONG, "[" * LONG + "]" * LONG, '"' * LONG, "'" * LONG, "***\n" * (LONG // 4),
    "n't" * (LONG // 3), "\n\n\t" * (LONG // 3), "é" * LONG, "漢" * LONG, "\r\n" * (LONG // 2), "1" * LONG,
]  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_no_response_takes_long(kind):
    check, details = CHECKS[kind][0], CASES[kind][0]
    for text in HOSTILE:
        start = time.process_time()
        assert check(text, details) in (True, False)
        assert time.process_time() - start < 0.5, (kind, text[:5])


LANGUAGES = {
    "en": "I am happy that you are here with us.",
    "de": "Ich freue mich, dass du heute bei uns bist.",
    "fr": "Je suis heureux que vous soyez avec nous ce soir.",
    "es": "Estoy muy feliz de que estés aquí con nosotros.",
    "it": "Sono felice che tu sia qui con noi questa sera.",
    "pt": "Estou muito feliz por você estar aqui conosco.",
    "fi": "Olen iloinen, että sinä olet täällä meidän kanssamme.",
    "vi": "Tôi rất vui vì bạn đã ở đây với chúng tôi.",
    "sw": "Nina furaha kwa sababu uko hapa pamoja na sisi.",
    "ru": "Я рад, что ты здесь и что мы вместе.",
    "bg": "Радвам се, че сте тук и че сме заедно.",
    "hi": "मुझे खुशी है कि आप यहाँ हमारे साथ हैं।",
    "mr": "मला आनंद आहे की तुम्ही आमच्या सोबत आहात.",
    "ne": "तपाईं हामीसँग हुनुहुन्छ भन्ने कुराले म खुसी छु।",
    "ar": "أنا سعيد لأنك هنا معنا في هذا المساء.",
    "fa": "من خوشحالم که شما امشب اینجا با ما هستید.",
    "ur": "مجھے خوشی ہے کہ آپ آج یہاں ہمارے ساتھ ہیں۔",
    "ko": "당신이 여기 있어서 기쁩니다.",
    "th": "ฉันดีใจที่คุณอยู่ที่นี่",
    "kn": "ನೀವು ಇಲ್ಲಿ ಇರುವುದು ನನಗೆ ಸಂತೋಷ.",
    "pa": "ਮੈਨੂੰ ਖੁਸ਼ੀ ਹੈ ਕਿ ਤੁਸੀਂ ਇੱਥੇ ਹੋ।",
    "gu": "મને આનંદ છે કે તમે અહીં છો.",
    "te": "మీరు ఇక్కడ ఉన్నందుకు సంతోషం.",
    "ta": "நீங்கள் இங்கே இருப்பது மகிழ்ச்சி.",
    "bn": "তুমি এখানে আছ বলে আমি খুশি।",
    "ja": "あなたがここにいて嬉しいです。",
    "zh": "我很高兴你在这里。",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_language(language):
    assert language_of(LANGUAGES[language]) == language
    assert language_of(LANGUAGES[language].upper()) == language


def test_no_language():
    assert language_of("123 !? \n") is None
    assert language_of("Zyzzqx") == UNDETERMINED


SENTENCES = {
    "": 0,
    "No stop": 1,
    "One. Two! Three?": 3,
    'He said "Stop." Then he left.': 2,
    "Mr. and Mrs. Smith met Dr. Jones, e.g. at noon.": 1,
    "It ended at 5 p.m. Then we left.": 2,
    "J. R. Tolkien wrote it.": 1,
    "Wait... what? Yes.": 2,
    "1. First item\n2. Second item": 3,
    "Pi is 3.14 or so.": 1,
    "A title\n\nA sentence.": 1,
}


def test_sentences_and_words():
    assert {text: count_sentences(text) for text in SENTENCES} == SENTENCES
    assert count_words("it's a_b 3.5") == 5
    assert count_capital_words("U.S. A-B (NATO) Word 5 WORD'S") == 5
