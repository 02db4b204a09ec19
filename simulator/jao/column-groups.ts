import { HUB_RATINGS_MW, HUBS_SINCE_DAY, ZONES } from './borders.ts'
import { type Column, type ColumnRange, column } from './column.ts'
import { NET_POSITIONS, SHADOW_AUCTION } from './recorded-ranges.ts'

/** Columns with a common prefix. The columns `withHubs` exist only from HUBS_SINCE_DAY on. */
export type ColumnGroup = {
  readonly prefix: string
  readonly columns: readonly Column[]
  readonly withHubs: readonly Column[]
}

const HUBS = Object.entries(HUB_RATINGS_MW)
/** The virtual hubs in the order of a recorded row of netPos. */
const HUBS_OF_NET_POSITIONS = [
  'DE_NO2_BigHub',
  'NL_NO2_NorNed',
  'DE_DK2_BigHub',
  'DE_SE4_Baltic',
  'PL_SE4_SwePol',
  'PL_LT_BigHub',
  'RO_BG_VH',
  'NL_DK1_COBRA',
  'DE_DK1_VH',
] as const

/** The 38 directed borders between neighbours in Core, in the order of shadowAuctionATC. */
const REAL_BORDERS = entries(SHADOW_AUCTION).map(([name]) => name)

/** Borders that are one cable. No more than its rating flows over it. */
const CABLES_MW: Readonly<Record<string, number>> = { DK1_NL: 700, NL_DK1: 700 }

export function group(prefix: string, names: readonly string[], range: ColumnRange): ColumnGroup {
  return { prefix, columns: names.map((name) => column(prefix + name, range)), withHubs: [] }
}

/** Makes one column per `NAME:low-high` in a text. A column `NAME:none` never has a value. */
export function recorded(prefix: string, text: string): ColumnGroup {
  const columns = entries(text).map(([name, [low, high]]) =>
    low === undefined || high === undefined
      ? column(prefix + name, { low: 0, high: 0, nullShare: 1 })
      : column(prefix + name, { low, high }),
  )
  return { prefix, columns, withHubs: [] }
}

export function realBorders(prefix: string, range: ColumnRange, more: readonly string[] = [], hubs = false) {
  const names = HUBS.flatMap(([hub]) => [`${hub.slice(0, 2)}_${hub}`, `${hub}_${hub.slice(0, 2)}`])
  return {
    ...group(prefix, [...REAL_BORDERS, ...more], range),
    withHubs: hubs ? group(prefix, names, range).columns : [],
  }
}

/** Makes columns of borders that are used in one direction at a time. Each name has its opposite, as AT_BE and BE_AT. */
export function oneWayBorders(prefix: string, range: ColumnRange, more: readonly string[]): ColumnGroup {
  const { columns, withHubs } = realBorders(prefix, range, more)
  const oppositeOf = (key: string) => prefix + key.slice(prefix.length).split('_').toReversed().join('_')
  const rated = (each: Column): Column => {
    const high = CABLES_MW[each.key.slice(prefix.length)]
    return { ...each, ...(high !== undefined && { high }), opposite: oppositeOf(each.key) }
  }
  return { prefix, columns: columns.map(rated), withHubs }
}

export function zones(prefix: string, range: ColumnRange, hubs = false): ColumnGroup {
  return {
    ...group(prefix, ZONES, range),
    withHubs: hubs ? HUBS.map(([hub, mw]) => column(prefix + hub, hubRange(range, mw))) : [],
  }
}

/** Makes columns that sum to 0 in each row: the column ALDE is -ALBE, and DE is minus the sum of all others. */
export function netPositions(prefix: string): ColumnGroup {
  const range = { scale: 10, quarterly: true }
  const withHubs = HUBS_OF_NET_POSITIONS.map((hub) => {
    const mw = HUB_RATINGS_MW[hub]
    return column(prefix + hub, { ...range, low: -mw, high: mw })
  })
  const drawn = entries(NET_POSITIONS)
  const others = [...drawn.map(([name]) => prefix + name), ...withHubs.map(({ key }) => key)]
  const columns = drawn.map(([name, [low = 0, high = 0]]) => {
    const balance =
      name === 'ALDE' ? [`${prefix}ALBE`] : name === 'DE' ? others.filter((key) => key !== `${prefix}DE`) : undefined
    return column(prefix + name, { ...range, low, high, ...(balance && { minus: balance }) })
  })
  return { prefix, columns, withHubs }
}

export function columnsOn(groups: readonly ColumnGroup[], day: string): readonly Column[] {
  return groups.flatMap(({ columns, withHubs }) => (day < HUBS_SINCE_DAY ? columns : [...columns, ...withHubs]))
}

function hubRange({ low, high, ...range }: ColumnRange, ratingMw: number): ColumnRange {
  return { ...range, low: Math.max(low, -ratingMw), high: Math.min(high, ratingMw) }
}

function entries(text: string): [string, number[]][] {
  return text
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = '', range = ''] = entry.split(':')
      const numbers = range === 'none' ? [] : range.split(range.includes('..') ? '..' : '-').map(Number)
      return [name, numbers]
    })
}
