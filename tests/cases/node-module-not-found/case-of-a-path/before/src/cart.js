const { round } = require('./Money');
const { sum } = require('../lib/Sums/index');
module.exports = { round, sum };
