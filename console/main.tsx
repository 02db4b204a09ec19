import { type ComponentType, render } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { followLinks, path, query } from './address.ts'
import { useAnswer } from './api/request.ts'
import { type PagePath, pages, Shell } from './layout/shell.tsx'
import { Empty, Loading } from './layout/states.tsx'
import { Now } from './pages/now.tsx'
import './style.css'
import './layout/marks.css'
import './layout/narrow.css'

/** The first page comes with the program, the others when they are gone to. */
const loaders: Record<Exclude<PagePath, '/'>, () => Promise<ComponentType>> = {
  '/series': async () => (await import('./pages/series.tsx')).Series,
  '/changes': async () => (await import('./pages/changes.tsx')).Changes,
  '/alerts': async () => (await import('./pages/alerts.tsx')).Alerts,
  '/completeness': async () => (await import('./pages/completeness.tsx')).Completeness,
  '/catalogue': async () => (await import('./pages/catalogue.tsx')).Catalogue,
  '/markets': async () => (await import('./pages/markets.tsx')).Markets,
  '/operations': async () => (await import('./pages/operations.tsx')).Operations,
  '/votes': async () => (await import('./pages/votes.tsx')).Votes,
}

const loaded = new Map<string, ComponentType>([['/', Now]])

function Page() {
  const here = path.value
  const address = `${here}${query.value}`
  const [broken, retry] = useErrorBoundary()
  useEffect(() => {
    if (broken !== undefined) retry()
  }, [address])
  const [, showAgain] = useState(0)
  const [isUnloaded, setUnloaded] = useState(false)
  const Found = loaded.get(here)
  useEffect(() => {
    const load = loaders[here as keyof typeof loaders]
    if (Found !== undefined || load === undefined) return
    setUnloaded(false)
    load()
      .then((page) => {
        loaded.set(here, page)
        sessionStorage.removeItem(reloadedFor)
        showAgain((count) => count + 1)
      })
      .catch(() => setUnloaded(true))
  }, [here, Found])
  if (broken !== undefined) return <Broken why={String(broken)} />
  if (Found !== undefined) return <Found key={here} />
  if (isUnloaded) return <Unloaded address={address} />
  if (pages.every((page) => page.path !== here))
    return (
      <>
        <h1>There is no such page</h1>
        <Empty>
          <a href="/">Now</a> is the first page; all pages stand above.
        </Empty>
      </>
    )
  return <Loading />
}

/** In the storage of the tab: the address for which it was loaded anew. */
const reloadedFor = 'reloaded-for'

/** Waits until tidemark answers, and loads the page anew. That brings the files of a newer release, too. */
function Unloaded({ address }: { address: string }) {
  const health = useAnswer('health')
  const answers = health.state === 'ready' && !health.isOld
  const wasReloaded = sessionStorage.getItem(reloadedFor) === address
  useEffect(() => {
    if (!answers || wasReloaded) return
    sessionStorage.setItem(reloadedFor, address)
    location.reload()
  }, [answers, wasReloaded, address])
  if (!answers || !wasReloaded) return <Empty>This page comes by itself as soon as tidemark answers.</Empty>
  return (
    <Empty>
      This page cannot be loaded, although tidemark answers.{' '}
      <a href="/" target="_self">
        Load it anew
      </a>
      . If that does not help, tell an operator: the log of the API says why.
    </Empty>
  )
}

/** What a page shows after a fault of its own. */
const Broken = ({ why }: { why: string }) => (
  <>
    <h1>This page has a fault</h1>
    <Empty>
      <p>It cannot show what its address asks for: {why}</p>
      <p>Go to another page above, or change the address. The API and the data are not concerned.</p>
    </Empty>
  </>
)

/** Nothing is shown before the clock of the server is known, because addresses of questions are made of it. */
function Clocked() {
  const health = useAnswer('health')
  return health.state === 'loading' ? <Loading /> : <Page />
}

const root = document.getElementById('console')
if (root !== null) {
  followLinks(root)
  render(
    <Shell>
      <Clocked />
    </Shell>,
    root,
  )
}
