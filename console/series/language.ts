// uPlot makes a number format of the browser's language when it is loaded, and a browser on a system without a language
// names one that does not exist: en-US@posix. It then is English.
try {
  new Intl.NumberFormat(navigator.language)
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en', configurable: true })
}
