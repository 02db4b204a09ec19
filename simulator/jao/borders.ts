import { type Column, column } from './column.ts'

/** Core's zones. DE is the zone DE-LU, so no key has LU. */
export const ZONES = ['AT', 'BE', 'CZ', 'DE', 'FR', 'HR', 'HU', 'NL', 'PL', 'RO', 'SI', 'SK'] as const

/** The first delivery day whose answers have keys for virtual hubs: 150 keys instead of 132. */
export const HUBS_SINCE_DAY = '2026-06-11'

/** Minimum and maximum of each border in JAO's answers for 2026-04-20 and 21. The row is from, the column is to. */
const RANGES_MW = {
  AT: '- 3692-5596 3496-6704 4564-5514 3728-5680 2446-4096 2371-3835 3347-5534 1596-4027 818-3809 1936-3815 2136-4404',
  BE: '2345-4038 - 2339-4575 2207-5109 3973-7377 2482-3503 2347-3370 1965-3755 1410-3205 825-3740 2146-4543 2093-3184',
  CZ: '3691-5263 5350-6420 - 5497-6634 5124-6379 2760-4264 2165-3344 4427-6509 1935-4245 835-3636 2183-4329 1895-3134',
  DE: '5300-5429 5738-8162 2880-4612 - 10055-15004 2615-4021 2324-3630 4453-7326 1408-3141 828-3716 2111-5016 2070-3411',
  FR: '2891-3263 3882-4959 2850-3208 2764-3697 - 2535-3294 2368-3060 3241-4248 1434-3168 822-3041 2188-3252 2161-3040',
  HR: '1496-2528 1487-2379 1848-2609 1500-2429 1492-2339 - 2009-3009 1494-2402 1782-2639 733-3319 1497-1830 1937-2812',
  HU: '2483-4986 2453-6029 2855-5788 2483-6068 2467-5918 2232-4446 - 2472-6040 2114-4394 873-3360 2236-3202 3521-4430',
  NL: '2856-4287 4596-6596 2754-4574 3001-5270 5181-8225 2588-3975 2336-3558 - 1430-3220 826-3728 2130-5136 2094-3471',
  PL: '1630-4333 1912-5308 1451-3638 2042-5564 1845-5161 1513-4015 1432-2789 1960-5416 - 847-3230 1503-4002 1288-2833',
  RO: '805-2684 808-2649 796-2569 805-2632 810-2664 903-3203 745-2264 807-2641 797-2547 - 837-2761 775-2436',
  SI: '1315-3634 1315-4659 1598-4637 1315-4613 1315-4720 2069-3251 2366-4447 1315-4641 1621-4145 790-4056 - 2087-4742',
  SK: '2459-5239 2799-4712 2555-4271 2704-4534 2860-4811 2797-4144 1917-2654 2758-4630 2044-3843 854-3180 2500-3611 -',
} as const

export const HUB_RATINGS_MW = {
  DE_DK1_VH: 1780,
  DE_DK2_BigHub: 600,
  DE_NO2_BigHub: 1400,
  DE_SE4_Baltic: 615,
  NL_DK1_COBRA: 700,
  NL_NO2_NorNed: 700,
  PL_LT_BigHub: 500,
  PL_SE4_SwePol: 600,
  RO_BG_VH: 1000,
} as const

const ZONE_BORDERS = byKey(ZONES.flatMap(bordersFrom))
const ALL_BORDERS = byKey([...ZONE_BORDERS, ...Object.entries(HUB_RATINGS_MW).flatMap(hubBorders)])

/** Returns a day's borders, ordered by key. Keys of virtual hubs are those of refprog, because none were recorded. */
export function bordersOf(day: string): readonly Column[] {
  return day < HUBS_SINCE_DAY ? ZONE_BORDERS : ALL_BORDERS
}

/** Returns the border of a key. A key that upstream has never used (command `addKey`) gets the range 500 to 2500. */
export function borderOf(key: string): Column {
  return ALL_BORDERS.find((known) => known.key === key) ?? border(key, 500, 2500)
}

function bordersFrom(from: (typeof ZONES)[number]): Column[] {
  const cells = RANGES_MW[from].split(' ')
  return ZONES.flatMap((to, column) => {
    const [low, high] = (cells[column] ?? '-').split('-')
    return low && high ? [border(`border_${from}_${to}`, Number(low), Number(high))] : []
  })
}

export function hubBorders([hub, ratingMw]: [string, number]): Column[] {
  const zone = hub.slice(0, 2)
  return [`border_${zone}_${hub}`, `border_${hub}_${zone}`].map((key) =>
    border(key, Math.round(ratingMw * 0.3), ratingMw),
  )
}

function border(key: string, low: number, high: number): Column {
  return column(key, { low, high })
}

function byKey(borders: Column[]): readonly Column[] {
  return borders.toSorted((one, other) => (one.key < other.key ? -1 : 1))
}
