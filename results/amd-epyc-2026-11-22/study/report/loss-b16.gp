# Made by normbench. To draw again: gnuplot loss-b16.gp
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
set label 1 "Training loss by epoch, batch size 16" at graph 0, screen 0.9562 left font ',17'
set label 2 "mnist, 60000 training and 10000 test rows, 784-256-10, SGD, f32, on AMD EPYC with 2 of 2 cores, gcc 12.2.0;" at graph 0, screen 0.9191 left font ',12' textcolor rgb '#606060'
set label 3 "learning rate 0.1, 10 epochs, seeds 1 to 5" at graph 0, screen 0.8887 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8634 left top horizontal Left reverse samplen 4 maxcols 3
set tmargin at screen 0.8094
set xlabel "epoch"
set xtics 1
set xrange [0.73:10.27]
set format x '%g'
set ylabel "Training loss (nats)"
set logscale y 10
set yrange [*:*]
set format y '%g'
set terminal svg size 880,593 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'loss-b16.svg'
plot 'loss-b16.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(4)):(cell(5)) with filledcurves fs transparent solid 0.18 noborder lc rgb '#0072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#600072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#600072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 4 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#600072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 5 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#600072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 6 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#600072B2' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 7 ? cell(2) : NaN):(cell(4)):(cell(5)) with filledcurves fs transparent solid 0.18 noborder lc rgb '#D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 8 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 9 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 10 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 11 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 12 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60D55E00' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 13 ? cell(2) : NaN):(cell(4)):(cell(5)) with filledcurves fs transparent solid 0.18 noborder lc rgb '#009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 14 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 15 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 16 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 17 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 18 ? cell(2) : NaN):(cell(3)) with lines lw 0.8 lc rgb '#60009E73' notitle, \
     'loss-b16.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#0072B2' lw 2 dt solid pt 7 ps 0.8 title "batch norm", \
     'loss-b16.csv' skip 1 using ($1 == 7 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#D55E00' lw 2 dt (9,4) pt 5 ps 0.8 title "layer norm", \
     'loss-b16.csv' skip 1 using ($1 == 13 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#009E73' lw 2 dt (4,4) pt 9 ps 0.8 title "no norm"
set terminal pngcairo size 1760,1186 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'loss-b16.png'
replot
