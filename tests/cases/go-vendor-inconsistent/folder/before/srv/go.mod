module ex.com/srv
