// import chai from 'chai'
