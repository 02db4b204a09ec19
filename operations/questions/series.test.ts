import { expect, test } from 'vitest'
import { partsOf, seriesWords } from './series.ts'

test.each(['AT>BE', 'AT→BE', 'AT-BE', 'AT -> BE', 'AT/BE', 'at_be', 'Austria Belgium', 'AUSTRIA → belgium'])(
  '%s are two zones',
  (text) => {
    expect(seriesWords(text)).toEqual(['at', 'be'])
  },
)

test('names of several words are zones, parts of words are not', () => {
  expect(seriesWords('united kingdom North Macedonia')).toEqual(['gb', 'mk'])
  expect(seriesWords('Austrian maxExchanges')).toEqual(['austrian', 'maxexchanges'])
  // The catalogue speaks of countries.
  expect(partsOf('capacity Austria')).toEqual(['capacity', 'austria'])
})
