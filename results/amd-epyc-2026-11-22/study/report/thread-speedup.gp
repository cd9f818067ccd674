# Made by normbench. To draw again: gnuplot thread-speedup.gp
reset
set encoding utf8
set datafile separator comma
# An empty field is a gap in the curve.
cell(n) = strcol(n) eq '' ? NaN : column(n)
set bmargin 4
set rmargin 4
set border 3 lc rgb '#606060'
set tics nomirror out textcolor rgb '#303030'
set grid back lt 1 lw 1 lc rgb '#e4e4e4'
set label 1 "Speed-up by threads: times as fast as one thread" at graph 0, screen 0.9577 left font ',17'
set label 2 "mnist, 60000 training and 10000 test rows, 784-256-10, SGD, f32, on AMD EPYC with 2 of 2 cores, gcc 12.2.0;" at graph 0, screen 0.9220 left font ',12' textcolor rgb '#606060'
set label 3 "learning rate 0.1, 10 epochs, seeds 1 to 5" at graph 0, screen 0.8927 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8683 left top horizontal Left reverse samplen 4 maxcols 2
set tmargin at screen 0.7805
set xlabel "batch size"
set logscale x 2
set xtics 2
set xrange [1.5910729675098374:5148.726782041409]
set format x '%g'
set ylabel "times as fast"
set yrange [0:*]
set format y '%g'
set terminal svg size 880,615 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'thread-speedup.svg'
plot 'thread-speedup.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)):(cell(4)):(cell(5)) with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '#0072B2' notitle, \
     'thread-speedup.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)):(cell(4)):(cell(5)) with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '#D55E00' notitle, \
     'thread-speedup.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)):(cell(4)):(cell(5)) with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '#009E73' notitle, \
     'thread-speedup.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#0072B2' lw 2 dt solid pt 7 ps 0.8 title "batch norm, avx512, 2 threads", \
     'thread-speedup.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#D55E00' lw 2 dt (9,4) pt 5 ps 0.8 title "layer norm, avx512, 2 threads", \
     'thread-speedup.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#009E73' lw 2 dt (4,4) pt 9 ps 0.8 title "no norm, avx512, 2 threads"
set terminal pngcairo size 1760,1230 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'thread-speedup.png'
replot
