const { round } = require('./money');
const { sum } = require('../lib/Sums/index');
module.exports = { round, sum };
