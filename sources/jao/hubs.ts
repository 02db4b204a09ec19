// Names of zones and hubs as JAO spells them inside keys. Hub names hold underscores themselves (DE_DK1_VH), so a key is
// matched against this list and never cut at an underscore. A key with a name that is missing here keeps its values;
// only its zones stay unknown.

const coreZones = ['AT', 'BE', 'CZ', 'DE', 'FR', 'HR', 'HU', 'NL', 'PL', 'RO', 'SI', 'SK']

// ALEGrO's two ends.
const alegro = ['ALBE', 'ALDE']

// Virtual hubs of advanced hybrid coupling, since delivery 2026-06-11.
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

// The same hubs as seen from their own zone (border_NL_DK1_COBRA).
const withoutOwnZone = virtualHubs.map((hub) => hub.slice(hub.indexOf('_') + 1))

const hubs = new Set([...coreZones, ...alegro, ...virtualHubs, ...withoutOwnZone])
const longestFirst = [...hubs].sort((a, b) => b.length - a.length)

/** From and to of a border key (border_AT_BE, border_DE_DE_DK1_VH); empty where the key cannot be read. */
export function borderLabels(key: string): Record<string, string> {
  if (!key.startsWith('border_')) return {}
  const names = key.slice('border_'.length)
  for (const from of longestFirst) {
    const to = names.slice(from.length + 1)
    if (names.startsWith(`${from}_`) && hubs.has(to)) return { from, to }
  }
  return {}
}
