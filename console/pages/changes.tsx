export const Changes = () => <h1>Changes</h1>
