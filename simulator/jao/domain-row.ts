import { mix, mixFraction } from '../hash.ts'
import { secondsText, stampText, writtenMs } from './answer.ts'
import { HUB_RATINGS_MW, HUBS_SINCE_DAY, ZONES } from './borders.ts'
import type { DueTime } from './calendar.ts'
import type { Publication } from './publications.ts'

export type DomainDataset = {
  readonly name: string
  readonly path: string
  readonly firstDay: string
  readonly due: DueTime
  /** Approximate number of rows per hour. */
  readonly rows: number
  readonly hubs: readonly string[]
  readonly limiting: 'presolved' | 'nonRedundant'
  readonly lastModifiedOn: boolean
  readonly salt: number
}

/** Core's hubs. ALBE and ALDE are the ends of a cable. The columns of virtual hubs are null before HUBS_SINCE_DAY. */
export const CORE_HUBS: readonly string[] = ['ALBE', 'ALDE', ...ZONES, ...Object.keys(HUB_RATINGS_MW)]
export const NORDIC_HUBS: readonly string[] =
  'DK1 DK1_CO DK1_DE DK1_KS DK1_SK DK1_SB DK2 DK2_KO DK2_SB FI FI_EL FI_FS NO1 NO2 NO2_ND NO2_SK NO2_NK NO3 NO4 NO5 SE1 SE2 SE3 SE3_FS SE3_KS SE3_SWL SE4 SE4_BC SE4_NB SE4_SP SE4_SWL'.split(
    ' ',
  )

const HOUR_MS = 3_600_000
const FIRST_HOUR = Date.UTC(2022, 5, 8, 22) / HOUR_MS
const NEW_HUBS: ReadonlySet<string> = new Set(Object.keys(HUB_RATINGS_MW))
const CASES = 12
const TSOS = {
  core: ['Elia', 'RTE', 'Amprion', 'TTN', 'APG', 'CEPS', 'PSE', 'MAVIR'],
  nordic: ['SVK', 'STATNETT', 'FINGRID', 'ENDK'],
}
const STATIONS =
  'Achel Borne Calden Drewitz Elsach Farven Gorice Hallein Isten Jesen Kolno Lonvic Marche Nadas Orlik Pulkau'.split(
    ' ',
  )

type Place = { readonly hourMs: number; readonly row: number; readonly rows: number }

export function firstIdOf(hourMs: number, revision: number): number {
  return (hourMs / HOUR_MS - FIRST_HOUR) * 100_000 + (revision % 7) * 14_000 + 1
}

/**
 * Prints a constraint. Rows come in pairs with opposite flows and factors (PTDF). In each row fcore = fall + fuaf, and
 * ram = fmax - frm - fcore + amr - iva. The columns are those that clients of JAO read, because no row was recorded.
 */
export function domainRow(
  seed: number,
  dataset: DomainDataset,
  { hourMs, row }: Place,
  publication: Publication,
): string {
  const pair = row >> 1
  const sign = row % 2 === 0 ? 1 : -1
  const hour = hourMs / HOUR_MS
  const fields = {
    id: firstIdOf(hourMs, publication.revision) + row,
    dateTimeUtc: secondsText(hourMs),
    ...(dataset.lastModifiedOn && { lastModifiedOn: stampText(writtenMs(publication.publishedAtMs, row)) }),
    ...element(dataset, pair, sign),
    [dataset.limiting]: mix(seed, pair, sign, 3) % 290 === 0,
    significant: true,
  }
  const figures = flows(seed, { hour, pair, sign }, publication.draws)
  const ptdfs = dataset.hubs.map((hub, at) => {
    const none = NEW_HUBS.has(hub) && publication.day < HUBS_SINCE_DAY
    const ptdf = Math.round((mixFraction(seed ^ 0x97d, pair, at, hour) - 0.5) * 50_000) * sign
    return `,"ptdf_${hub}":${none ? 'null' : ((ptdf + 0) / 100_000).toFixed(10)}`
  })
  const numbers = Object.entries(figures).map(([name, value]) => `,"${name}":${value.toFixed(10)}`)
  return `${JSON.stringify(fields).slice(0, -1)}${numbers.join('')}${ptdfs.join('')}}`
}

function element(dataset: DomainDataset, pair: number, sign: number) {
  const number = Math.floor(pair / CASES)
  const contingency = pair % CASES
  const core = dataset.limiting === 'presolved'
  const tsos = core ? TSOS.core : TSOS.nordic
  const zones = core ? ZONES : ['DK1', 'FI', 'NO1', 'NO3', 'SE2', 'SE3', 'SE4']
  const [hubFrom = '', hubTo = ''] = [zones[number % zones.length], zones[(number * 5 + 1) % zones.length]]
  const [from, to] = [station(number), station(number * 7 + 3)]
  const other = number * 3 + contingency
  const branch = `${station(other)} - ${station(other * 5 + 1)} 380.${(other % 90) + 10}`
  const tso = tsos[number % tsos.length]
  const base = contingency === 0
  return {
    tso,
    cneName: `${from} - ${to} 380.${(number % 90) + 10}`,
    cneType: hubFrom === hubTo ? 'Internal' : 'TieLine',
    cneEic: `10T-${hubFrom}-${hubTo}-${String(number).padStart(6, '0')}`,
    cneStatus: 'no CRA',
    cnec: true,
    direction: sign > 0 ? 'DIRECT' : 'OPPOSITE',
    hubFrom,
    hubTo,
    substationFrom: from,
    substationTo: to,
    elementType: 'Line',
    fmaxType: 'SEASONAL',
    contTso: base ? null : tso,
    contName: base ? 'BASECASE' : branch,
    contStatus: base ? null : 'OK',
    imaxMethod: 'Seasonal',
    contingencies: base ? [] : [contingencyOf(branch, other, tso, hubFrom)],
    justification: `${tso} set MACZT (MCCC+MNCC) target to 70,00% as fallback.`,
  }
}

function contingencyOf(branchName: string, number: number, branchTso: string | undefined, hub: string) {
  return {
    number: 1,
    branchTso,
    branchName,
    branchEic: `10T-${hub}-${hub}-${String(number).padStart(6, '0')}`,
    elementType: 'Line',
    hubFrom: hub,
    hubTo: hub,
    substationFrom: station(number),
    substationTo: station(number * 5 + 1),
  }
}

/** Returns the columns of a row with flows and margins, in whole MW. */
function flows(seed: number, { hour, pair, sign }: { hour: number; pair: number; sign: number }, draws: number) {
  const drawn = (low: number, high: number, salt: number) => low + (mix(seed ^ salt, pair, hour) % (high - low + 1))
  const imax = 800 + (mix(seed, Math.floor(pair / CASES), 5) % 3_600)
  const fmax = Math.round((Math.sqrt(3) * 380 * imax) / 1_000)
  const frm = Math.round(fmax / 10)
  const frefInit = drawn(-900, 900, 0xf1) * sign
  const fnrao = drawn(-40, 40, 0xf2) * sign
  const fall = drawn(-400, 400, 0xf3) * sign
  const fuaf = drawn(-300, 300, 0xf4) * sign
  const fcore = fall + fuaf
  const amr = Math.max(0, Math.round(0.2 * fmax) - (fmax - frm - fcore))
  const iva = validation(seed, pair, hour, draws)
  const ram = fmax - frm - fcore + amr - iva
  const exact = { ram, minFlow: -fmax, maxFlow: fmax, u: 380, imax, fmax, frm, frefInit, fnrao, fref: frefInit - fnrao }
  const rest = { fcore, fall, fuaf, amr, aac: 0, ltaMargin: 0, cva: 0, iva, ftotalLtn: fcore, fltn: 0 }
  const all = { ...exact, ...rest, minRamTarget: 0.7 }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value + 0]))
}

/** Returns the column iva in MW. At first it is 0 for nine of ten pairs of rows. Each draw raises it for a tenth. */
function validation(seed: number, pair: number, hour: number, draws: number): number {
  let cut = mix(seed ^ 0xf5, pair, hour) % 10 === 0 ? 1 + (mix(seed ^ 0xf6, pair, hour) % 200) : 0
  for (let later = 1; later <= draws; later++) {
    if (mix(seed ^ 0xf7, pair, hour, later) % 10 === 0) cut += 1 + (mix(seed ^ 0xf8, pair, hour, later) % 50)
  }
  return cut
}

function station(number: number): string {
  return `${STATIONS[number % STATIONS.length]} ${Math.floor(number / STATIONS.length) % 40}`
}
