// The names of countries, for people who do not search by the code of a zone.

const codes =
  'AL AT BA BE BG CH CZ DE DK EE ES FI FR GB GR HR HU IE IT LT LU LV MD ME MK NL NO PL PT RO RS SE SI SK TR UA'.split(
    ' ',
  )

const english = new Intl.DisplayNames('en', { type: 'region' })
const codeOf = new Map(codes.map((code) => [(english.of(code) ?? code).toLowerCase(), code]))
const anyName = new RegExp(`(?<!\\p{L})(${[...codeOf.keys()].join('|')})(?!\\p{L})`, 'giu')

/** Returns a text with the codes of zones in place of the English names of their countries: `Austria Belgium` is `AT BE`. */
export const withZoneCodes = (text: string): string =>
  text.replaceAll(anyName, (name) => codeOf.get(name.toLowerCase()) ?? name)
