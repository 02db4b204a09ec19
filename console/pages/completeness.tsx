export const Completeness = () => <h1>Completeness</h1>
