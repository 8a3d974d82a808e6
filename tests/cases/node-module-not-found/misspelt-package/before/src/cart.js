const _ = require('loadsh');
const fp = require('loadsh/fp');
