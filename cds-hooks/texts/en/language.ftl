### About the language itself. A translation says here who it is and whether clinicians have reviewed it.

## Name of the language, in the language
language-name = English
## Tag for the page: en, zh-Hans, de-CH
language-tag = en
## ltr or rtl
language-direction = ltr
## yes or no. With no, the service refuses the language unless unreviewed_translations is set, and card and page say so.
translation-reviewed = yes
translation-note = Translation not clinically reviewed.

## Between the items of a list, and between statements
list-separator = {", "}
clause-separator = {"; "}
## Probabilities, already rounded
percent = { $whole } %
percent-under-one = under 1 %
percent-over-ninety-nine = over 99 %
## What the probabilities of the built-in model rest on: the words of its file, which are in English. A model file of one's own
## is quoted as it is.
basis-built-in = reconstructed from published aggregates, not validated here; 95 % band: sampling error of the fit and what the aggregates leave open, the wider of two priors
basis-of-range = { $basis }; least and greatest limit over every completion of what is not known
