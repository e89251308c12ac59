export default {files:['.build-cli/properties/cli/**/*.property.js','.build-cli/properties/report/**/*.property.js'],workerThreads:false,timeout:'60s',nodeArguments:['--enable-source-maps']}
