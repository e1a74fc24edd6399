/** Does nothing until it is ended. */
console.log('awake');
setInterval(() => {}, 60_000);
