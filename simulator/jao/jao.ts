import { maxExchanges } from './dataset.ts'
import { jaoDatasets } from './datasets.ts'
import { createDomain, type Domain, domainDatasets } from './domain.ts'
import type { Command } from './publications.ts'
import { createUpstream, type Upstream } from './upstream.ts'

export type Jao = {
  /** Returns the dataset at a path below the host, in any case. Undefined if there is none. */
  at(path: string): Upstream | Domain | undefined
  /** Returns a dataset by region and name, in any case: nordic.maxExchanges. Default: core.maxExchanges. */
  named(name?: string): Upstream | Domain | undefined
  names(): string[]
  commands(): Command[]
}

export function createJao(seed: number, commands: readonly Command[] = []): Jao {
  const declared = [
    ...jaoDatasets.map((dataset) => ({ dataset, create: (own: Command[]) => createUpstream(seed, own, dataset) })),
    ...domainDatasets.map((dataset) => ({ dataset, create: (own: Command[]) => createDomain(seed, own, dataset) })),
  ]
  const made = new Map<string, Upstream | Domain>()
  const lazily = (index: number): Upstream | Domain | undefined => {
    const entry = declared[index]
    if (entry === undefined) return undefined
    const { name } = entry.dataset
    const known = made.get(name)
    if (known !== undefined) return known
    const own = commands.filter(({ dataset = maxExchanges.name }) => dataset === name)
    const fresh = entry.create(own)
    made.set(name, fresh)
    return fresh
  }
  const find = (of: (dataset: { name: string; path: string }) => string, wanted: string) =>
    lazily(declared.findIndex(({ dataset }) => of(dataset).toLowerCase() === wanted.toLowerCase()))
  return {
    at: (path) => find((dataset) => dataset.path, path),
    named: (name = maxExchanges.name) => find((dataset) => dataset.name, name),
    names: () => declared.map(({ dataset }) => dataset.name),
    commands: () => declared.flatMap((_, index) => [...(lazily(index)?.commands() ?? [])]),
  }
}
