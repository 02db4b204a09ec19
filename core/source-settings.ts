import { z } from 'zod'
import { httpAddress, readConfig } from '#platform/process/config.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'

/** Values of the settings that sources declare, by environment variable. */
export interface SourceSettings {
  baseUrls: Readonly<Record<string, string | undefined>>
  credentials: Readonly<Record<string, string | undefined>>
  selectors: Readonly<Record<string, string[] | undefined>>
  everyS: Readonly<Record<string, number | undefined>>
}

export const baseUrlSettings: Record<string, z.ZodOptional<z.ZodURL>> = Object.fromEntries(
  sources.flatMap(({ upstream }) => (upstream ? [[upstream.baseUrl.setting, httpAddress.optional()]] : [])),
)

export const allSourceSettings: z.ZodRawShape = {
  ...baseUrlSettings,
  ...credentialShape(sources),
  ...selectorShape(sources),
  ...everyShape(sources),
}

/** Reads the settings that sources declare. @throws ConfigError that names each invalid setting, without secrets */
export function readSourceSettings(environment = process.env): SourceSettings {
  return {
    baseUrls: readConfig(baseUrlSettings, environment),
    credentials: readConfig(credentialShape(sources), environment),
    selectors: readConfig(selectorShape(sources), environment),
    everyS: readConfig(everyShape(sources), environment),
  }
}

function credentialShape(sources: readonly Source[]): Record<string, z.ZodType<string | undefined>> {
  const secret = z.string().regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces')
  return Object.fromEntries(
    sources.flatMap(({ upstream }) => (upstream?.credential ? [[upstream.credential.setting, secret.optional()]] : [])),
  )
}

function selectorShape(sources: readonly Source[]): Record<string, z.ZodType<string[] | undefined>> {
  const declared = sources.flatMap(({ datasets }) => datasets.flatMap(({ asking }) => asking?.selectors ?? []))
  return Object.fromEntries(
    declared.map(({ setting, pattern, default: usual }) => {
      const one = z.string().regex(pattern, `names, comma separated, like ${usual.slice(0, 3).join(',')}`)
      const list = z.string().transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
      return [setting, list.pipe(z.array(one)).optional().describe('what is asked for')]
    }),
  )
}

function everyShape(sources: readonly Source[]): Record<string, z.ZodType<number | undefined>> {
  const calendars = sources.flatMap(({ datasets }) => datasets.map(({ calendar }) => calendar))
  return Object.fromEntries(
    calendars.flatMap((calendar) => {
      if (calendar.kind !== 'ticks') return []
      const { setting, minIntervalS } = calendar.every
      return [
        [
          setting,
          z.coerce.number().int().min(minIntervalS).max(3_600).optional().describe('seconds between two samples'),
        ],
      ]
    }),
  )
}
