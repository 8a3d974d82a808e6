plugins { id("com.diffplug.spotless") }
