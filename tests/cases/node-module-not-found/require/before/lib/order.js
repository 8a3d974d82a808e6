const gte = require('semver/functions/gte');
