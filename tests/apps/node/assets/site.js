document.title = "built by " + process.env.BUILT_BY;
