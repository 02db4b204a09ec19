export const Catalogue = () => <h1>Catalogue</h1>
