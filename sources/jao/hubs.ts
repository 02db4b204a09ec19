// Names of zones and hubs in JAO's keys. A hub name may contain underscores (DE_DK1_VH), so a key is split by this
// list. A key with an unknown name keeps its values, but has no labels `from` and `to`.

const coreZones = ['AT', 'BE', 'CZ', 'DE', 'FR', 'HR', 'HU', 'NL', 'PL', 'RO', 'SI', 'SK']

// The two ends of the ALEGrO cable between Belgium and Germany.
const alegro = ['ALBE', 'ALDE']

// Virtual hubs, which stand for cables to zones outside Core (advanced hybrid coupling). Since delivery 2026-06-11.
const virtualHubs = [
  'DE_DK1_VH',
  'DE_DK2_BigHub',
  'DE_NO2_BigHub',
  'DE_SE4_Baltic',
  'NL_DK1_COBRA',
  'NL_NO2_NorNed',
  'PL_LT_BigHub',
  'PL_SE4_SwePol',
  'RO_BG_VH',
]

const withoutOwnZone = virtualHubs.map((hub) => hub.slice(hub.indexOf('_') + 1))

const nordicZones = ['NO1', 'NO2', 'NO3', 'NO4', 'NO5', 'SE1', 'SE2', 'SE3', 'SE4', 'FI', 'DK1', 'DK2']

// The two ends of SydVästlänken (a Swedish cable), and neighbours of the Nordic zones.
const nordicHubs = ['SE3SWL', 'SE4SWL', 'EE', 'LT', 'LV']

const externalZones = 'AL BA BG CH ES GB GR IE IT KS MA MD ME MK PT RS TR UA UK'.split(' ')

const hubs = new Set([
  ...[...coreZones, ...alegro, ...virtualHubs, ...withoutOwnZone],
  ...[...nordicZones, ...nordicHubs, ...externalZones],
])
const longestFirst = [...hubs].sort((a, b) => b.length - a.length)

/** Splits AT_BE or DE_DE_DK1_VH into from and to. Returns {} if one of the names is unknown. */
export function fromAndTo(names: string): Record<string, string> {
  for (const from of longestFirst) {
    const to = names.slice(from.length + 1)
    if (names.startsWith(`${from}_`) && hubs.has(to)) return { from, to }
  }
  return {}
}
