export const Operations = () => <h1>Operations</h1>
