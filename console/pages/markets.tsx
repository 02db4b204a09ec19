export const Markets = () => <h1>Markets</h1>
