const semver = require('semver');
require('../lib/order');
