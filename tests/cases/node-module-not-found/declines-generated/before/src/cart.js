require('./generated/client');
