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
  const [failed, setFailed] = useState('')
  const Found = loaded.get(here)
  useEffect(() => {
    const load = loaders[here as keyof typeof loaders]
    if (Found !== undefined || load === undefined) return
    setFailed('')
    load()
      .then((page) => {
        loaded.set(here, page)
        showAgain((count) => count + 1)
      })
      .catch((error: Error) => setFailed(error.message))
  }, [here, Found])
  if (broken !== undefined) return <Broken why={String(broken)} />
  if (Found !== undefined) return <Found key={here} />
  if (failed !== '')
    return (
      <Empty>
        This page could not be loaded ({failed}). Perhaps tidemark does not answer, or was updated.{' '}
        <a href="/" target="_self">
          Load it anew
        </a>
        .
      </Empty>
    )
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
