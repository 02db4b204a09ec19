import { fromAndTo } from './hubs.ts'

export interface Shape {
  pattern: string
  example: string
  keyPattern: RegExp
  unit: string
  unitOf?: (key: string) => string
  /** The meaning of a published null, such as 'no limit'. */
  nullMeans?: string
  /** Why the number of keys varies. */
  keysVary?: string
  says: Record<string, string>
  labels: (key: string) => Record<string, string>
}

const fromSays = 'the exporting zone or hub'
const toSays = 'the importing zone or hub'
const name = '[A-Za-z0-9_]{1,120}'

export const borders: Shape = {
  pattern: 'border_<from>_<to>',
  example: 'border_AT_BE',
  keyPattern: new RegExp(`^border_${name}$`),
  unit: 'MW',
  says: { from: fromSays, to: toSays },
  labels: (key) => (key.startsWith('border_') ? fromAndTo(key.slice('border_'.length)) : {}),
}

/** Price differences per border. A value is how much higher the price of the importing zone is. */
export const borderPrices: Shape = { ...borders, unit: 'EUR/MWh' }

export const restrictions: Shape = {
  ...borders,
  nullMeans: 'no restriction',
  keysVary: 'a border without a restriction may be left out',
}

const hubsBehind = (word: string): Shape => ({
  pattern: `${word}_<hub>`,
  example: `${word}_AT`,
  keyPattern: new RegExp(`^${word}_${name}$`),
  unit: 'MW',
  says: { hub: 'the zone or hub' },
  labels: (key) => (key.startsWith(`${word}_`) ? { hub: key.slice(word.length + 1) } : {}),
})
export const hubs = hubsBehind('hub')
export const globalNetPositions = hubsBehind('globalNetPosition')

/** Minimum and maximum per hub. Keys are minAT, maxDE_DK1_VH in Core, and min_DK1 in the Nordics. */
export const bounds: Shape = {
  pattern: 'min<hub>, max<hub>; Nordic min_<hub>, max_<hub>',
  example: 'minAT',
  keyPattern: /^(?:min|max)_?[A-Z][A-Za-z0-9_]{0,120}$/,
  unit: 'MW',
  says: { bound: 'min or max', hub: 'the zone or hub' },
  labels: (key) => {
    const [, bound, hub] = /^(min|max)_?([A-Z].*)$/.exec(key) ?? []
    return bound !== undefined && hub !== undefined ? { bound, hub } : {}
  },
}

function quantities(words: string[], of: 'hub' | 'border', says: string): Shape {
  const keyPattern = new RegExp(`^(?:${words.join('|')})_${name}$`)
  return {
    pattern: words.map((word) => (of === 'hub' ? `${word}_<hub>` : `${word}_<from>_<to>`)).join(', '),
    example: of === 'hub' ? `${words[0]}_AT` : `${words[0]}_AT_DE`,
    keyPattern,
    unit: 'MW',
    says: { quantity: says, ...(of === 'hub' ? { hub: 'the zone or hub' } : { from: fromSays, to: toSays }) },
    labels: (key) => {
      if (!keyPattern.test(key)) return {}
      const at = key.indexOf('_')
      const rest = key.slice(at + 1)
      return { quantity: key.slice(0, at), ...(of === 'hub' ? { hub: rest } : fromAndTo(rest)) }
    },
  }
}

export const forecasts = quantities(
  ['verticalLoad', 'generation', 'coreNetPosition'],
  'hub',
  'verticalLoad, generation or coreNetPosition',
)
export const limits: Shape = {
  ...quantities(['limitDown', 'limitUp'], 'hub', 'limitDown (import) or limitUp (export)'),
  nullMeans: 'no limit',
  keysVary: 'a zone without a limit may be left out',
}
export const intradayCapacities = quantities(['initial', 'delta'], 'border', 'initial, or delta of a later update')

/** Capacities with a column per direction. The prefix of a key is `border` or a stage of the calculation. */
export const calculatedCapacities = quantities(
  ['border', 'initial', 'delta', 'final'],
  'border',
  'border, or the stage of the capacity',
)

export const activeConstraints: Shape = {
  ...quantities(['shadowPrice', 'qty'], 'border', 'shadowPrice or qty'),
  unit: 'MW, of shadowPrice_* EUR/MWh',
  unitOf: (key) => (key.startsWith('shadowPrice_') ? 'EUR/MWh' : 'MW'),
  nullMeans: 'did not bind',
  keysVary: 'a border that did not bind may be left out',
}

const incomePattern = /^(gross|net)(Hub|Tso|Border)_(.{1,120})$/

export const incomes: Shape = {
  pattern: 'grossHub_<hub>, netHub_<hub>, grossTso_<tso>, netTso_<tso>, grossBorder_<from>_<to>',
  example: 'grossHub_AT',
  keyPattern: /^(?:gross|net)(?:Hub|Tso|Border)_[A-Za-z0-9_ .()-]{1,120}$/,
  unit: 'EUR',
  says: {
    quantity: 'grossHub, netHub, grossTso, netTso or grossBorder',
    hub: 'the zone or hub',
    tso: 'the transmission system operator',
    from: fromSays,
    to: toSays,
  },
  labels: (key) => {
    const [, share, of, rest = ''] = incomePattern.exec(key) ?? []
    if (share === undefined) return {}
    const whose = of === 'Hub' ? { hub: rest } : of === 'Tso' ? { tso: rest } : fromAndTo(rest)
    return { quantity: `${share}${of}`, ...whose }
  },
}

export const factor: Shape = {
  pattern: 'alphaFactor',
  example: 'alphaFactor',
  keyPattern: /^alphaFactor$/,
  unit: 'factor',
  says: {},
  labels: () => ({}),
}
