const a = require('a');
