const _ = require('lodash');
const fp = require('lodash/fp');
