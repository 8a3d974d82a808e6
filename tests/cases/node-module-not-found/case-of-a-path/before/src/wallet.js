require('./money');
