# Made by normbench. To draw again: gnuplot curves.gp
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
set label 1 "Training loss on MNIST" at graph 0, screen 0.9548 left font ',17'
set label 2 "784-256-10, SGD, lr 0.1, batch size 128, 10 epochs, seed 0, f32" at graph 0, screen 0.9165 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8904 left top horizontal Left reverse samplen 4 maxcols 2
set tmargin at screen 0.8348
set xlabel "epoch"
set xtics 1
set xrange [0.73:10.27]
set format x '%g'
set ylabel "mean training loss (nats)"
set yrange [*:*]
set format y '%g'
set terminal svg size 880,575 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'curves.svg'
plot 'curves.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#0072B2' lw 2 dt solid pt 7 ps 0.8 title "batch norm", \
     'curves.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#D55E00' lw 2 dt (9,4) pt 5 ps 0.8 title "layer norm"
set terminal pngcairo size 1760,1150 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'curves.png'
replot
