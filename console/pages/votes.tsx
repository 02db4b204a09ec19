export const Votes = () => <h1>Votes</h1>
